"""/api/guest-tokens: what lets guests ask a few times."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from apiflask import APIBlueprint

from mailsift.api.actions import hosting
from mailsift.api.auth import needs, principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import refusals
from mailsift.api.permissions import Permission
from mailsift.api.repository import guests
from mailsift.api.routes.answers import Replied, asked, created, reading
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.guests import GuestTokenPage, GuestTokenRequest, NewGuestToken

blueprint = APIBlueprint("guests", __name__, url_prefix="/api/guest-tokens", tag="workspace")


@blueprint.post("")
@blueprint.input(GuestTokenRequest, location="json")
@blueprint.output(NewGuestToken, status_code=201, description="the token itself is shown this once")
@blueprint.doc(
    responses=refusals(
        "malformed_body",
        "body_too_large",
        "unsupported_media_type",
        "validation_failed",
        "idempotency_key_reused",
        "job_quota_exceeded",
    ),
    extensions={"x-idempotent": True},
)
@needs(Permission.ADMINISTER)
def create(json_data: GuestTokenRequest) -> Replied:
    """Make a token with which a guest has a few domains analysed, in a workspace of the guest's own.

    Each use counts as a job of this workspace, now. The guest sees nothing of it.
    """
    token, replayed = hosting.give_out(deps(), asked(), json_data)
    return created(token, f"/api/guest-tokens/{token.guest_token_id}", replayed=replayed)


@blueprint.get("")
@blueprint.input(Listing, location="query")
@blueprint.output(GuestTokenPage)
@needs(Permission.ADMINISTER)
def index(query_data: Listing) -> GuestTokenPage:
    """List guests' tokens, the newest first."""
    with reading() as connection:
        return guests.page(connection, query_data)


@blueprint.delete("/<uuid:token_id>")
@blueprint.output({}, status_code=HTTPStatus.NO_CONTENT.value, description="it opens nothing any more")
@blueprint.doc(responses=refusals("not_found"))
@needs(Permission.ADMINISTER)
def revoke(token_id: uuid.UUID) -> str:
    """Revoke a guest's token."""
    hosting.end(deps(), principal(), token_id)
    return ""
