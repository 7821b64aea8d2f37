"""POST /api/jobs, /api/jobs/cleanup and /api/verify-emails-job: jobs asked for in words that are no types of ours."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus
from typing import NoReturn

from apiflask import APIBlueprint
from flask import request
from pydantic import RootModel

from mailsift.api.actions.cleaning import clean_up
from mailsift.api.actions.job_requesting import Made, export_data, import_list, verify_emails
from mailsift.api.actions.queueing import status_url, stream_url
from mailsift.api.auth import caller, needs, principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import answers, refusals
from mailsift.api.faults import Fault
from mailsift.api.permissions import Permission, explain
from mailsift.api.problems import Problem, not_supported, parsed
from mailsift.api.repository import jobs
from mailsift.api.routes.answers import Replied, accepted, asked, found, optional_json, reading
from mailsift.api.schemas.job_requests import (
    CleanedUp,
    CleanUp,
    ExportPayload,
    ImportPayload,
    JobRequest,
    PersistentJob,
    PersistentJobCreated,
    PersistentType,
    PipelineJob,
    PipelineType,
    VerificationStarted,
    VerifyEmails,
)
from mailsift.api.schemas.jobs import JobAnswer, RequestedAs

blueprint = APIBlueprint("job_requests", __name__, url_prefix="/api", tag="jobs")

_REFUSALS = (
    "malformed_body",
    "address_suppressed",
    "body_too_large",
    "unsupported_media_type",
    "validation_failed",
    "not_supported",
    "idempotency_key_reused",
    "job_quota_exceeded",
    "too_many_uploads",
    "temporarily_unavailable",
)


class JobMade(RootModel[JobAnswer | PersistentJobCreated]):
    """The job, in the shape in which it was asked for."""


@blueprint.before_request
def _make_room() -> None:
    request.max_content_length = deps().settings.max_body_bytes


@blueprint.post("/jobs")
@blueprint.input(JobRequest, location="json")
@blueprint.output(JobMade, status_code=202, description="queued")
@blueprint.doc(
    responses=refusals(*_REFUSALS, "not_found", "analysis_not_ready", "rows_expired")
    | answers(200, "of `cleanup_data`: cleaned up", {"application/json": "CleanedUp"}),
    extensions={"x-idempotent": True},
)
@needs(Permission.WRITE, Permission.OPERATE)
def create(json_data: JobRequest) -> Replied:
    """Ask for a job, in one of two shapes.

    With `jobType` and `payload`: `import_csv` takes a list in, `export_data` writes answers into a file, and
    `cleanup_data`, for operators, takes jobs of all workspaces out of sight. With `type` and `metadata`:
    `verify-emails` verifies addresses. What mailsift does not do, of jobs or of their options, is refused as
    `not_supported`.
    """
    wanted = json_data.root
    if isinstance(wanted, PipelineJob) and wanted.job_type is PipelineType.CLEANUP_DATA:
        _require(Permission.OPERATE)
        return clean_up(deps(), caller(), parsed(CleanUp, wanted.payload, "payload.")), HTTPStatus.OK.value, {}
    _require(Permission.WRITE)
    if isinstance(wanted, PersistentJob):
        return _make_persistent(wanted)
    job_id, replayed = _make_pipeline(wanted)
    with reading() as connection:
        answer = JobAnswer(job=found(jobs.find(connection, job_id), "job"))
    return accepted(answer, "jobs", job_id, replayed=replayed)


@blueprint.post("/verify-emails-job")
@blueprint.input(VerifyEmails, location="json")
@blueprint.output(VerificationStarted, status_code=202, description="a job works on it")
@blueprint.doc(responses=refusals(*_REFUSALS), extensions={"x-idempotent": True})
def verify(json_data: VerifyEmails) -> Replied:
    """Verify up to 100,000 addresses.

    Up to 100 are verified each by itself, from the cache where they are known; more become a list and its analysis.
    """
    job_id, replayed = verify_emails(deps(), asked(RequestedAs.VERIFY_EMAILS), json_data, "", _now())
    notices = ["api_key_ignored"] if json_data.api_key is not None else []
    answer = VerificationStarted(
        job_id=job_id, stream_url=stream_url(job_id), status_url=status_url(job_id), notices=notices
    )
    return accepted(answer, "jobs", job_id, replayed=replayed)


@blueprint.post("/generate-emails-job")
@blueprint.post("/scrape-emails-job")
@blueprint.doc(hide=True)
def refuse() -> NoReturn:
    """Refuse to make addresses up, whatever is wanted of them."""
    raise Problem("not_supported", "mailsift makes no addresses up and gathers none; send yours to verify-emails-job")


@blueprint.post("/jobs/cleanup")
@blueprint.output(CleanedUp, description="they are shown no more")
@blueprint.doc(
    responses=refusals("malformed_body", "body_too_large", "unsupported_media_type", "validation_failed"),
    extensions={"x-may-take": "CleanUp"},
)
@needs(Permission.ADMINISTER, Permission.OPERATE)
def cleanup() -> CleanedUp:
    """Take jobs out of sight that ended more than 24 hours ago, or `olderThanHours`.

    Those of the workspace for its owner and admins, those of all workspaces for an operator. What they made stays.
    """
    return clean_up(deps(), caller(), parsed(CleanUp, optional_json()))


def _require(permission: Permission) -> None:
    if permission not in caller().permissions:
        raise Problem("forbidden", explain({permission}))


def _make_pipeline(wanted: PipelineJob) -> Made:
    turn = wanted.model_dump(mode="json", by_alias=True, include={"scheduled_for", "priority"}, exclude_none=True)
    if wanted.job_type is PipelineType.IMPORT_CSV:
        payload = parsed(ImportPayload, wanted.payload, "payload.")
        return import_list(deps(), asked(RequestedAs.IMPORT_CSV), payload, turn, _now())
    if wanted.job_type is PipelineType.EXPORT_DATA:
        export = parsed(ExportPayload, wanted.payload, "payload.")
        return export_data(deps(), asked(RequestedAs.EXPORT_DATA), export, turn, _now())
    raise not_supported(Fault("jobType", "mailsift does import_csv and export_data, and cleanup_data for operators"))


def _make_persistent(wanted: PersistentJob) -> Replied:
    if wanted.type is not PersistentType.VERIFY_EMAILS:
        raise not_supported(Fault("type", "mailsift does verify-emails only"))
    if wanted.user_id is not None and wanted.user_id != str(principal().user_id):
        raise Problem("forbidden", "userId: a job is for the owner of the key; leave it out")
    at = "metadata.params."
    addresses = parsed(VerifyEmails, wanted.metadata.params, at)
    job_id, replayed = verify_emails(deps(), asked(RequestedAs.VERIFY_EMAILS), addresses, at, _now())
    answer = PersistentJobCreated(job_id=job_id)
    if addresses.api_key is not None:
        answer = answer.model_copy(update={"message": f"{answer.message}; the apiKey is not needed and was not kept"})
    return accepted(answer, "jobs", job_id, replayed=replayed)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
