"""/api/workspaces and /api/stats: tenants, what they may take and what they took."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from apiflask import APIBlueprint

from mailsift.api.actions import tenancy
from mailsift.api.auth import caller, needs, operator, principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import answers, refusals
from mailsift.api.permissions import Permission
from mailsift.api.repository import workspaces
from mailsift.api.routes.answers import reading
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.workspaces import (
    OrderedWorkspace,
    Stats,
    Workspace,
    WorkspaceChange,
    WorkspaceOrder,
    WorkspacePage,
)

blueprint = APIBlueprint("workspaces", __name__, url_prefix="/api", tag="workspace")

_REFUSALS = ("malformed_body", "body_too_large", "unsupported_media_type", "validation_failed")


@blueprint.get("/workspaces")
@blueprint.input(Listing, location="query")
@blueprint.output(WorkspacePage)
@needs(Permission.READ, Permission.OPERATE)
def index(query_data: Listing) -> WorkspacePage:
    """List workspaces, the newest first: that of the key or, for an operator, all."""
    with tenancy.seeing(deps(), caller()) as connection:
        return workspaces.page(connection, query_data)


@blueprint.get("/workspaces/<uuid:workspace_id>")
@blueprint.output(Workspace)
@blueprint.doc(responses=refusals("not_found"))
@needs(Permission.READ, Permission.OPERATE)
def show(workspace_id: uuid.UUID) -> Workspace:
    """Read a workspace: that of the key or, for an operator, any."""
    with tenancy.seeing(deps(), caller()) as connection:
        return tenancy.find(connection, workspace_id)


@blueprint.patch("/workspaces/<uuid:workspace_id>")
@blueprint.input(WorkspaceChange, location="json")
@blueprint.output(Workspace)
@blueprint.doc(responses=refusals(*_REFUSALS, "not_found"))
@needs(Permission.ADMINISTER)
def change(workspace_id: uuid.UUID, json_data: WorkspaceChange) -> Workspace:
    """Give the workspace of the key another name; for the owner and the admins."""
    return tenancy.rename(deps(), principal(), workspace_id, json_data.name)


@blueprint.put("/workspaces/<uuid:workspace_id>")
@blueprint.input(WorkspaceOrder, location="json")
@blueprint.output(OrderedWorkspace, description="it has that name and plan")
@blueprint.doc(
    responses=refusals(*_REFUSALS, "not_found")
    | answers(201, "it was made, with an owner and a key", {"application/json": "OrderedWorkspace"})
)
@needs(Permission.OPERATE)
def order(workspace_id: uuid.UUID, json_data: WorkspaceOrder) -> tuple[OrderedWorkspace, int]:
    """Make a workspace under an id of your own choice, or change its name and plan; for operators.

    A new one gets an owner and the owner's key, which is shown this once.
    """
    ordered, made = tenancy.order(deps(), operator(), workspace_id, json_data)
    return ordered, (HTTPStatus.CREATED if made else HTTPStatus.OK).value


@blueprint.get("/stats")
@blueprint.output(Stats)
def stats() -> Stats:
    """Read what the plan allows, and what the workspace took since the month began."""
    with reading() as connection:
        return tenancy.stats(connection, principal())
