"""/api/outcomes: what became of mail, and what that says of the scores."""

from __future__ import annotations

from http import HTTPStatus

from apiflask import APIBlueprint
from flask import request

from mailsift.api.actions import calibrating
from mailsift.api.auth import needs, principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import refusals
from mailsift.api.permissions import Permission
from mailsift.api.routes.answers import Replied, asked, repeated
from mailsift.api.schemas.outcomes import Calibration, OutcomesForgotten, OutcomesRecorded, OutcomesRequest

blueprint = APIBlueprint("outcomes", __name__, url_prefix="/api/outcomes", tag="outcomes")

_REFUSALS = ("malformed_body", "body_too_large", "unsupported_media_type", "validation_failed")


@blueprint.before_request
def _make_room() -> None:
    request.max_content_length = deps().settings.max_body_bytes


@blueprint.post("")
@blueprint.input(OutcomesRequest, location="json")
@blueprint.output(OutcomesRecorded, description="they are recorded")
@blueprint.doc(responses=refusals(*_REFUSALS, "idempotency_key_reused"), extensions={"x-idempotent": True})
def create(json_data: OutcomesRequest) -> Replied:
    """Report what became of mail to addresses, up to 100,000 at once.

    Of each address the last report counts, and one that is reported both ways at once has bounced.
    """
    answer, replayed = calibrating.report(deps(), asked(), json_data)
    return answer, HTTPStatus.OK.value, repeated(replayed=replayed)


@blueprint.get("")
@blueprint.output(Calibration)
def show() -> Calibration:
    """Read how many addresses bounced, by their scores and by their lead status, and how sure that is.

    An address counts with the latest verdict on it.
    """
    return calibrating.calibrate(deps(), principal())


@blueprint.delete("")
@blueprint.output(OutcomesForgotten, description="they are forgotten")
@needs(Permission.ADMINISTER)
def delete() -> OutcomesForgotten:
    """Forget all outcomes; for the owner and the admins."""
    return calibrating.forget(deps(), principal())
