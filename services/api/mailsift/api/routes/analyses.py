"""/api/analyses: verdicts on lists, on single addresses and on domains."""

from __future__ import annotations

import datetime as dt
import uuid
from http import HTTPStatus

from apiflask import APIBlueprint

from mailsift.api.actions.analysing import analyse, wait_for_result
from mailsift.api.actions.queueing import is_later
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import answers, refusals
from mailsift.api.problems import Problem
from mailsift.api.repository import analyses, audits, results
from mailsift.api.routes.answers import Replied, accepted, asked, found, language, reading, spoken
from mailsift.api.schemas.analyses import (
    Analysis,
    AnalysisAccepted,
    AnalysisOptions,
    AnalysisPage,
    AnalysisRequest,
    ListRequest,
)
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.results import ResultFilter, ResultPage
from mailsift.shared.verdicts import AnalysisStatus

blueprint = APIBlueprint("analyses", __name__, url_prefix="/api/analyses", tag="analyses")


@blueprint.post("")
@blueprint.input(AnalysisOptions, location="query")
@blueprint.input(AnalysisRequest, location="json")
@blueprint.output(AnalysisAccepted, status_code=202, description="a job works on it")
@blueprint.doc(
    responses=refusals(
        "malformed_body",
        "not_found",
        "upload_not_ready",
        "address_suppressed",
        "rows_expired",
        "body_too_large",
        "unsupported_media_type",
        "validation_failed",
        "invalid_scoring",
        "idempotency_key_reused",
        "job_quota_exceeded",
    )
    | answers(200, "one address or domain, and its result", {"application/json": "AnalysisAccepted"}),
    extensions={"x-idempotent": True, "x-speaks": True},
)
def create(query_data: AnalysisOptions, json_data: AnalysisRequest) -> Replied:
    """Analyse an upload, one address, or one domain.

    For an address or a domain the answer waits a few seconds for the result; `wait=0` turns that off. The analysis of
    an upload that is still being read begins by itself when it has been.
    """
    wanted, now = json_data.root, dt.datetime.now(dt.UTC)
    answer, replayed = analyse(deps(), asked(), wanted, now)
    if not isinstance(wanted, ListRequest) and query_data.wait and not is_later(wanted, now):
        answer = wait_for_result(deps(), asked(), answer, language())
    body, status, headers = accepted(answer, "analyses", answer.analysis_id, replayed=replayed)
    ended = answer.status is not AnalysisStatus.PENDING
    return body, HTTPStatus.OK.value if ended else status, {**headers, **spoken(language())}


@blueprint.get("")
@blueprint.input(Listing, location="query")
@blueprint.output(AnalysisPage)
def index(query_data: Listing) -> AnalysisPage:
    """List analyses, the newest first."""
    with reading() as connection:
        return analyses.page(connection, query_data)


@blueprint.get("/<uuid:analysis_id>")
@blueprint.output(Analysis)
@blueprint.doc(responses=refusals("not_found"), extensions={"x-speaks": True})
def show(analysis_id: uuid.UUID) -> Replied:
    """Read an analysis and its counts so far; of an address or a domain also what its verdict stands on."""
    with reading() as connection:
        analysis = found(analyses.find(connection, analysis_id), "analysis")
        details = {
            "evidence": analyses.find_evidence(connection, analysis_id),
            "audit": audits.find(connection, analysis_id, language()),
        }
    return analysis.model_copy(update=details), HTTPStatus.OK.value, spoken(language())


@blueprint.get("/<uuid:analysis_id>/results")
@blueprint.input(ResultFilter, location="query")
@blueprint.output(ResultPage)
@blueprint.doc(responses=refusals("not_found", "rows_expired"))
def list_results(analysis_id: uuid.UUID, query_data: ResultFilter) -> ResultPage:
    """List the answers for addresses, in the order of the list."""
    with reading() as connection:
        if not found(analyses.find_analysed(connection, analysis_id), "analysis").results_kept:
            raise Problem("rows_expired", "the results are no longer kept; the counts of the analysis are")
        return results.page(connection, analysis_id, query_data)
