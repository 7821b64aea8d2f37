"""/api/erasures: a person's data is erased, and it is proven that nothing of it is left."""

from __future__ import annotations

import uuid

from apiflask import APIBlueprint

from mailsift.api.actions import erasing
from mailsift.api.auth import needs
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import refusals
from mailsift.api.permissions import Permission
from mailsift.api.repository import erasures
from mailsift.api.routes.answers import Replied, accepted, asked, found, reading
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.erasures import Erasure, ErasurePage, ErasureRequest

blueprint = APIBlueprint("erasures", __name__, url_prefix="/api/erasures", tag="erasures")

_REFUSALS = ("malformed_body", "body_too_large", "unsupported_media_type", "validation_failed")


@blueprint.post("")
@blueprint.input(ErasureRequest, location="json")
@blueprint.output(Erasure, status_code=202, description="it is under way")
@blueprint.doc(
    responses=refusals(*_REFUSALS, "too_many_erasures", "idempotency_key_reused"), extensions={"x-idempotent": True}
)
@needs(Permission.ADMINISTER)
def create(json_data: ErasureRequest) -> Replied:
    """Erase a person's data from the workspace; for the owner and the admins.

    Rows of lists stay, without the person: their cells are blank. Answers about the person go, with what they count,
    and so do exports and uploaded files that hold the address. It cannot be taken back.
    """
    erasure, replayed = erasing.erase(deps(), asked(), json_data)
    return accepted(erasure, "erasures", erasure.erasure_id, replayed=replayed)


@blueprint.get("")
@blueprint.input(Listing, location="query")
@blueprint.output(ErasurePage)
@needs(Permission.ADMINISTER)
def index(query_data: Listing) -> ErasurePage:
    """List erasures, the newest first; for the owner and the admins."""
    with reading() as connection:
        return erasures.page(connection, query_data)


@blueprint.get("/<uuid:erasure_id>")
@blueprint.output(Erasure)
@blueprint.doc(responses=refusals("not_found"))
@needs(Permission.ADMINISTER)
def show(erasure_id: uuid.UUID) -> Erasure:
    """Read how an erasure stands, and what was erased; for the owner and the admins."""
    with reading() as connection:
        return found(erasures.find(connection, erasure_id), "erasure")
