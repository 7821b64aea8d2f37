"""/api/jobs/analyze and /api/jobs/status: one domain analysed, in the words of listing analysis jobs."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from apiflask import APIBlueprint

from mailsift.api.actions.auditing import analyze, look_after
from mailsift.api.auth import needs
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import refusals
from mailsift.api.permissions import Permission
from mailsift.api.routes.answers import Replied, asked, found, language, reading, repeated, spoken
from mailsift.api.schemas.audits import AnalyzeAccepted, AnalyzeRequest, AnalyzeStatus

blueprint = APIBlueprint("audits", __name__, url_prefix="/api/jobs", tag="jobs")


@blueprint.post("/analyze")
@blueprint.input(AnalyzeRequest, location="json")
@blueprint.output(AnalyzeAccepted, status_code=202, description="a job works on it")
@blueprint.doc(
    responses=refusals(
        "malformed_body",
        "address_suppressed",
        "body_too_large",
        "unsupported_media_type",
        "validation_failed",
        "idempotency_key_reused",
        "job_quota_exceeded",
    ),
    extensions={"x-idempotent": True},
)
@needs(Permission.ASK)
def create(json_data: AnalyzeRequest) -> Replied:
    """Analyse one domain, or that of a URL, which is not fetched."""
    answer, replayed = analyze(deps(), asked(), json_data)
    return answer, HTTPStatus.ACCEPTED.value, {"Location": answer.poll_url, **repeated(replayed=replayed)}


@blueprint.get("/status/<uuid:job_id>")
@blueprint.output(AnalyzeStatus)
@blueprint.doc(responses=refusals("not_found", "rows_expired"), extensions={"x-speaks": True})
@needs(Permission.ASK, Permission.READ)
def status(job_id: uuid.UUID) -> Replied:
    """Ask how a job stands; of an analysis of a domain also what came of it, for 24 hours."""
    words = language()
    with reading() as connection:
        return found(look_after(connection, job_id, words), "job"), HTTPStatus.OK.value, spoken(words)
