"""/api/suppressions: addresses and domains that are neither analysed nor exported."""

from __future__ import annotations

from http import HTTPStatus

from apiflask import APIBlueprint
from flask import request

from mailsift.api.actions import suppressing
from mailsift.api.auth import needs, principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import refusals
from mailsift.api.permissions import Permission
from mailsift.api.repository import suppressions
from mailsift.api.routes.answers import Replied, asked, reading, repeated
from mailsift.api.schemas.suppressions import (
    SuppressionListing,
    SuppressionPage,
    SuppressionsAdded,
    SuppressionsRemoval,
    SuppressionsRemoved,
    SuppressionsRequest,
)

blueprint = APIBlueprint("suppressions", __name__, url_prefix="/api/suppressions", tag="suppressions")

_REFUSALS = ("malformed_body", "body_too_large", "unsupported_media_type", "validation_failed")


@blueprint.before_request
def _make_room() -> None:
    request.max_content_length = deps().settings.max_body_bytes


@blueprint.post("")
@blueprint.input(SuppressionsRequest, location="json")
@blueprint.output(SuppressionsAdded, description="they are suppressed")
@blueprint.doc(responses=refusals(*_REFUSALS, "idempotency_key_reused"), extensions={"x-idempotent": True})
def create(json_data: SuppressionsRequest) -> Replied:
    """Suppress addresses and domains, up to 100,000 at once.

    They are not analysed any more, single or in lists, and exports leave out the rows that hold them. A domain covers
    all domains below it. Addresses are compared as duplicates are. What is suppressed already stays as it is.
    """
    answer, replayed = suppressing.suppress(deps(), asked(), json_data)
    return answer, HTTPStatus.OK.value, repeated(replayed=replayed)


@blueprint.get("")
@blueprint.input(SuppressionListing, location="query")
@blueprint.output(SuppressionPage)
def index(query_data: SuppressionListing) -> SuppressionPage:
    """List suppressions, the newest first."""
    with reading() as connection:
        return suppressions.page(connection, query_data)


@blueprint.delete("")
@blueprint.input(SuppressionsRemoval, location="json")
@blueprint.output(SuppressionsRemoved, description="they are suppressed no longer")
@blueprint.doc(responses=refusals(*_REFUSALS))
@needs(Permission.ADMINISTER)
def delete(json_data: SuppressionsRemoval) -> SuppressionsRemoved:
    """Suppress addresses and domains no longer; what is not suppressed is passed over."""
    return suppressing.release(deps(), principal(), json_data)
