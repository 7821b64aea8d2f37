"""/api/scoring: what the workspace wants weighed otherwise."""

from __future__ import annotations

from apiflask import APIBlueprint

from mailsift.api.actions import weighing
from mailsift.api.auth import needs, principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import refusals
from mailsift.api.permissions import Permission
from mailsift.api.routes.answers import reading
from mailsift.api.schemas.scoring import Scoring, WorkspaceScoring

blueprint = APIBlueprint("scoring", __name__, url_prefix="/api/scoring", tag="scoring")

_REFUSALS = ("malformed_body", "body_too_large", "unsupported_media_type", "validation_failed", "invalid_scoring")


@blueprint.get("")
@blueprint.output(WorkspaceScoring)
def show() -> WorkspaceScoring:
    """Read what the workspace weighs otherwise, and the policy that follows."""
    with reading() as connection:
        return weighing.show(connection, deps(), principal())


@blueprint.put("")
@blueprint.input(Scoring, location="json")
@blueprint.output(WorkspaceScoring, description="analyses asked for from now on are judged by it")
@blueprint.doc(responses=refusals(*_REFUSALS))
@needs(Permission.ADMINISTER)
def replace(json_data: Scoring) -> WorkspaceScoring:
    """Say what the workspace weighs otherwise, in place of what it said before; for the owner and the admins.

    What it leaves out is the operator's. A request may say otherwise again.
    """
    return weighing.change(deps(), principal(), json_data)


@blueprint.delete("")
@blueprint.output(WorkspaceScoring, description="the workspace says nothing any more")
@needs(Permission.ADMINISTER)
def delete() -> WorkspaceScoring:
    """Weigh as the operator does; for the owner and the admins."""
    return weighing.change(deps(), principal(), None)
