"""/api/jobs: how work stands, what it wrote, taking it back, trying it again and clearing it away."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from apiflask import APIBlueprint

from mailsift.api.actions import steering
from mailsift.api.auth import needs, principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import answers, refusals
from mailsift.api.permissions import Permission
from mailsift.api.repository import jobs
from mailsift.api.routes.answers import found, reading
from mailsift.api.schemas.base import Numbered
from mailsift.api.schemas.jobs import (
    JobAnswer,
    JobChange,
    JobEventPage,
    JobFilter,
    JobLogFilter,
    JobLogPage,
    JobMoved,
    JobPage,
    JobWithLogs,
)
from mailsift.api.schemas.watched_jobs import JobStatusAnswer, watched
from mailsift.shared.jobs.states import JobStatus

blueprint = APIBlueprint("jobs", __name__, url_prefix="/api/jobs", tag="jobs")


@blueprint.get("")
@blueprint.input(JobFilter, location="query")
@blueprint.output(JobPage)
def index(query_data: JobFilter) -> JobPage:
    """List jobs, the newest first; with `parentJobId` the parts of one.

    Page by page by number (`page`), or by `cursor`, which new jobs do not shift.
    """
    with reading() as connection:
        return jobs.page(connection, query_data)


@blueprint.get("/<uuid:job_id>")
@blueprint.output(JobWithLogs)
@blueprint.doc(responses=refusals("not_found"))
def show(job_id: uuid.UUID) -> JobWithLogs:
    """Read a job, and the last 100 lines that it and its parts wrote."""
    with reading() as connection:
        job = found(jobs.find(connection, job_id), "job")
        return JobWithLogs(job=job, logs=jobs.last_lines(connection, job_id))


@blueprint.patch("/<uuid:job_id>")
@blueprint.input(JobChange, location="json")
@blueprint.output(JobAnswer, description="cancelled")
@blueprint.doc(
    responses=refusals(
        "malformed_body",
        "forbidden",
        "not_found",
        "job_ended",
        "not_a_root_job",
        "body_too_large",
        "unsupported_media_type",
        "validation_failed",
    )
    | answers(202, "it runs, and stops at its next safe place", {"application/json": "JobAnswer"})
)
@needs(Permission.ADMINISTER)
def change(job_id: uuid.UUID, json_data: JobChange) -> tuple[JobAnswer, int]:  # noqa: ARG001 - it says one thing only
    """Cancel a job by its new state; for the owner and the admins of a workspace."""
    job = steering.change(deps(), principal(), job_id)
    return JobAnswer(job=job), _done_or_asked(job.status)


@blueprint.delete("/<uuid:job_id>")
@blueprint.output(JobMoved, description="it is shown no more")
@blueprint.doc(responses=refusals("not_found", "job_not_ended", "not_a_root_job"))
@needs(Permission.ADMINISTER)
def delete(job_id: uuid.UUID) -> JobMoved:
    """Delete a job that has ended, and its parts; for the owner and the admins of a workspace.

    What it made stays. Its row goes when jobs of its age go.
    """
    return steering.delete(deps(), principal(), job_id)


@blueprint.get("/<uuid:job_id>/status")
@blueprint.output(JobStatusAnswer)
@blueprint.doc(responses=refusals("not_found"))
def status(job_id: uuid.UUID) -> JobStatusAnswer:
    """Ask how a job stands."""
    with reading() as connection:
        return JobStatusAnswer(job=watched(found(jobs.find(connection, job_id), "job")))


@blueprint.get("/<uuid:job_id>/logs")
@blueprint.input(JobLogFilter, location="query")
@blueprint.output(JobLogPage)
@blueprint.doc(responses=refusals("not_found"))
def logs(job_id: uuid.UUID, query_data: JobLogFilter) -> JobLogPage:
    """List what a job and its parts wrote, from the oldest; with `attempt` what attempts of that number did."""
    with reading() as connection:
        found(jobs.find(connection, job_id), "job")
        return jobs.logs(connection, job_id, query_data)


@blueprint.get("/<uuid:job_id>/events")
@blueprint.input(Numbered, location="query")
@blueprint.output(JobEventPage)
@blueprint.doc(responses=refusals("not_found"))
def events(job_id: uuid.UUID, query_data: Numbered) -> JobEventPage:
    """List a job's changes of state, from the oldest: when, why, in which attempt and by which worker."""
    with reading() as connection:
        found(jobs.find(connection, job_id), "job")
        return jobs.events(connection, job_id, query_data)


@blueprint.post("/<uuid:job_id>/cancel")
@blueprint.output(JobMoved, description="cancelled")
@blueprint.doc(
    responses=refusals("not_found", "job_ended", "not_a_root_job")
    | answers(202, "it runs, and stops at its next safe place", {"application/json": "JobMoved"})
)
def cancel(job_id: uuid.UUID) -> tuple[JobMoved, int]:
    """Cancel a job."""
    moved = steering.cancel(deps(), principal(), job_id)
    return moved, _done_or_asked(moved.status)


@blueprint.post("/<uuid:job_id>/retry")
@blueprint.output(JobAnswer, status_code=202, description="it waits again, or works on what is left")
@blueprint.doc(responses=refusals("not_found", "job_not_retryable", "not_a_root_job"))
def retry(job_id: uuid.UUID) -> JobAnswer:
    """Try a job again that ended badly."""
    return JobAnswer(job=steering.retry(deps(), principal(), job_id))


def _done_or_asked(status: JobStatus) -> int:
    return (HTTPStatus.OK if status is JobStatus.CANCELLED else HTTPStatus.ACCEPTED).value
