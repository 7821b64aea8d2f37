"""/api/verify: some addresses at once, answered within the request when that is quick."""

from __future__ import annotations

from http import HTTPStatus

from apiflask import APIBlueprint

from mailsift.api.actions.verifying import verify, wait_for_results
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import answers, refusals
from mailsift.api.routes.answers import Replied, accepted, asked
from mailsift.api.schemas.analyses import AnalysisOptions
from mailsift.api.schemas.verify import Verification, VerifyRequest
from mailsift.shared.verdicts import AnalysisStatus

blueprint = APIBlueprint("verify", __name__, url_prefix="/api/verify", tag="analyses")


@blueprint.post("")
@blueprint.input(AnalysisOptions, location="query")
@blueprint.input(VerifyRequest, location="json")
@blueprint.output(Verification, status_code=202, description="a job works on it")
@blueprint.doc(
    responses=refusals(
        "malformed_body",
        "address_suppressed",
        "body_too_large",
        "unsupported_media_type",
        "validation_failed",
        "invalid_scoring",
        "idempotency_key_reused",
        "job_quota_exceeded",
    )
    | answers(200, "it has ended, with the answers", {"application/json": "Verification"}),
    extensions={"x-idempotent": True},
)
def create(query_data: AnalysisOptions, json_data: VerifyRequest) -> Replied:
    """Verify up to 100 addresses.

    The answer waits a few seconds for the results; `wait=0` turns that off. Later the analysis has them.
    """
    answer, replayed = verify(deps(), asked(), json_data)
    if query_data.wait:
        answer = wait_for_results(deps(), asked(), answer)
    body, status, headers = accepted(answer, "analyses", answer.analysis_id, replayed=replayed)
    ended = answer.status not in {AnalysisStatus.PENDING, AnalysisStatus.PROCESSING}
    return body, HTTPStatus.OK.value if ended else status, headers
