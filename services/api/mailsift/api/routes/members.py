"""/api/members: who belongs to the workspace."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from apiflask import APIBlueprint

from mailsift.api.actions import inviting
from mailsift.api.auth import needs, principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import refusals
from mailsift.api.permissions import Permission
from mailsift.api.repository import members
from mailsift.api.routes.answers import Replied, asked, created, found, reading
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.members import Member, MemberChange, MemberPage, MemberRequest

blueprint = APIBlueprint("members", __name__, url_prefix="/api/members", tag="workspace")

_REFUSALS = ("malformed_body", "body_too_large", "unsupported_media_type", "validation_failed")


@blueprint.post("")
@blueprint.input(MemberRequest, location="json")
@blueprint.output(Member, status_code=201)
@blueprint.doc(
    responses=refusals(*_REFUSALS, "already_a_member", "idempotency_key_reused"), extensions={"x-idempotent": True}
)
@needs(Permission.ADMINISTER)
def create(json_data: MemberRequest) -> Replied:
    """Let a person belong to the workspace; for the owner and the admins, who make no owners.

    Nobody is written to. Make the person a key, with `userId` in `POST /api/keys`, and hand it over.
    """
    member, replayed = inviting.add(deps(), asked(), json_data)
    return created(member, f"/api/members/{member.user_id}", replayed=replayed)


@blueprint.get("")
@blueprint.input(Listing, location="query")
@blueprint.output(MemberPage)
def index(query_data: Listing) -> MemberPage:
    """List members, the newest first."""
    with reading() as connection:
        return members.page(connection, query_data)


@blueprint.get("/<uuid:user_id>")
@blueprint.output(Member)
@blueprint.doc(responses=refusals("not_found"))
def show(user_id: uuid.UUID) -> Member:
    """Read a member."""
    with reading() as connection:
        return found(members.find(connection, user_id), "member")


@blueprint.patch("/<uuid:user_id>")
@blueprint.input(MemberChange, location="json")
@blueprint.output(Member)
@blueprint.doc(responses=refusals(*_REFUSALS, "not_found", "last_owner"))
@needs(Permission.ADMINISTER)
def change(user_id: uuid.UUID, json_data: MemberChange) -> Member:
    """Give a member another role; for the owner and the admins, who have no say about owners."""
    return inviting.change(deps(), principal(), user_id, json_data.role)


@blueprint.delete("/<uuid:user_id>")
@blueprint.output(
    {}, status_code=HTTPStatus.NO_CONTENT.value, description="none of the person's keys opens it any more"
)
@blueprint.doc(responses=refusals("not_found", "last_owner"))
@needs(Permission.ADMINISTER)
def remove(user_id: uuid.UUID) -> str:
    """Let a person belong to the workspace no longer; for the owner and the admins."""
    inviting.remove(deps(), principal(), user_id)
    return ""
