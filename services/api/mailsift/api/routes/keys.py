"""/api/keys: keys of the workspace."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from apiflask import APIBlueprint

from mailsift.api.actions import keying
from mailsift.api.auth import needs, principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import refusals
from mailsift.api.permissions import Permission
from mailsift.api.routes.answers import Replied, asked, created, reading
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.keys import KeyPage, KeyRequest, KeyRotation, NewKey

blueprint = APIBlueprint("keys", __name__, url_prefix="/api/keys", tag="workspace")

_REFUSALS = (
    "malformed_body",
    "body_too_large",
    "unsupported_media_type",
    "validation_failed",
    "idempotency_key_reused",
)


@blueprint.post("")
@blueprint.input(KeyRequest, location="json")
@blueprint.output(NewKey, status_code=201, description="the key itself is shown this once")
@blueprint.doc(responses=refusals(*_REFUSALS, "too_many_keys"), extensions={"x-idempotent": True})
@needs(Permission.KEYS)
def create(json_data: KeyRequest) -> Replied:
    """Make a key, of one's own or, as an owner or admin, for another member.

    It may do what the member may, held to its scopes, and never more than the key that asks for it. Only its SHA-256 is
    kept.
    """
    key, replayed = keying.create(deps(), asked(), json_data)
    return created(key, f"/api/keys/{key.key_id}", replayed=replayed)


@blueprint.get("")
@blueprint.input(Listing, location="query")
@blueprint.output(KeyPage)
@needs(Permission.KEYS)
def index(query_data: Listing) -> KeyPage:
    """List keys, the newest first: all of them for owners and admins, else one's own."""
    with reading() as connection:
        return keying.listed(connection, principal(), query_data)


@blueprint.post("/<uuid:key_id>/rotate")
@blueprint.input(KeyRotation, location="json")
@blueprint.output(NewKey, status_code=201, description="the new key is shown this once")
@blueprint.doc(responses=refusals(*_REFUSALS, "not_found", "key_ended"), extensions={"x-idempotent": True})
@needs(Permission.KEYS)
def rotate(key_id: uuid.UUID, json_data: KeyRotation) -> Replied:
    """Make a key like this one, which opens beside it for `overlap` seconds more, a day unless said otherwise."""
    key, replayed = keying.rotate(deps(), asked(), key_id, json_data)
    return created(key, f"/api/keys/{key.key_id}", replayed=replayed)


@blueprint.delete("/<uuid:key_id>")
@blueprint.output({}, status_code=HTTPStatus.NO_CONTENT.value, description="it opens nothing any more")
@blueprint.doc(responses=refusals("not_found"))
@needs(Permission.KEYS)
def revoke(key_id: uuid.UUID) -> str:
    """Revoke a key, at once and for good; the links that it signed are void."""
    keying.revoke(deps(), principal(), key_id)
    return ""
