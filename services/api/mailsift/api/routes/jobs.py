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
    Job,
    JobEventPage,
    JobFilter,
    JobLogFilter,
    JobLogPage,
    JobMoved,
    JobPage,
    JobStatusAnswer,
    status_answer,
)
from mailsift.shared.jobs.states import JobStatus

blueprint = APIBlueprint("jobs", __name__, url_prefix="/api/jobs", tag="jobs")


@blueprint.get("")
@blueprint.input(JobFilter, location="query")
@blueprint.output(JobPage)
def index(query_data: JobFilter) -> JobPage:
    """List jobs, the newest first; with `parentJobId` the parts of one."""
    with reading() as connection:
        return jobs.page(connection, query_data)


@blueprint.get("/<uuid:job_id>")
@blueprint.output(Job)
@blueprint.doc(responses=refusals("not_found"))
def show(job_id: uuid.UUID) -> Job:
    """Read a job."""
    with reading() as connection:
        return found(jobs.find(connection, job_id), "job")


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
        return status_answer(found(jobs.find(connection, job_id), "job"))


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
    done = moved.status is JobStatus.CANCELLED
    return moved, (HTTPStatus.OK if done else HTTPStatus.ACCEPTED).value


@blueprint.post("/<uuid:job_id>/retry")
@blueprint.output(JobMoved, status_code=202, description="it waits again, or works on what is left")
@blueprint.doc(responses=refusals("not_found", "job_not_retryable", "not_a_root_job"))
def retry(job_id: uuid.UUID) -> JobMoved:
    """Try a job again that ended badly."""
    return steering.retry(deps(), principal(), job_id)
