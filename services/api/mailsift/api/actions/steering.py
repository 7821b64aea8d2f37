"""Takes jobs back, tries them again, and clears them away."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection

from mailsift.api.deps import Deps
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import jobs
from mailsift.api.schemas.jobs import Job, JobMoved
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.repository import queueing
from mailsift.shared.jobs.repository.requesting import mark_deleted
from mailsift.shared.jobs.states import JobStatus


def cancel(deps: Deps, principal: Principal, job_id: uuid.UUID) -> JobMoved:
    """End a job at the user's wish: at once while it waits, else at its next safe place. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        status = _cancel(connection, principal, job_id)
    message = "Job cancelled successfully" if status is JobStatus.CANCELLED else "Job will stop at its next safe place"
    return JobMoved(success=True, message=message, job_id=job_id, status=status)


def change(deps: Deps, principal: Principal, job_id: uuid.UUID) -> Job:
    """Give a job another state, which can only be that of one taken back. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        _cancel(connection, principal, job_id)
        return _root(connection, job_id)


def _cancel(connection: Connection, principal: Principal, job_id: uuid.UUID) -> JobStatus:
    before = _root(connection, job_id)
    status = None if before.ended else queueing.request_cancel(connection, job_id)
    if status not in {JobStatus.CANCELLED, JobStatus.PROCESSING}:
        raise Problem("job_ended", f"the job is {(status or before.status).value}; there is nothing to cancel")
    record(connection, principal, Activity.JOB_CANCELLED, job_id)
    return JobStatus(status)


def retry(deps: Deps, principal: Principal, job_id: uuid.UUID) -> Job:
    """Put a job that ended badly back to work. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        before = _root(connection, job_id)
        _require_predecessor(connection, before)
        if not queueing.retry(connection, job_id):
            raise Problem("job_not_retryable", f"the job is {before.status.value}")
        record(connection, principal, Activity.JOB_RETRIED, job_id)
        return _root(connection, job_id)


def _require_predecessor(connection: Connection, job: Job) -> None:
    """Let nothing begin on what is not there. Raises Problem."""
    if job.after_job_id is None:
        return
    status = jobs.status_of(connection, job.after_job_id)
    if status not in {None, JobStatus.COMPLETED}:
        raise Problem("job_not_retryable", f"it follows job {job.after_job_id}, which is {status}")


def delete(deps: Deps, principal: Principal, job_id: uuid.UUID) -> JobMoved:
    """Take a job that has ended out of sight, and its parts with it. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        before = _root(connection, job_id)
        if not mark_deleted(connection, job_id):
            raise Problem("job_not_ended", f"the job is {before.status.value}; cancel it first")
        record(connection, principal, Activity.JOB_DELETED, job_id)
    return JobMoved(success=True, message="Job deleted", job_id=job_id, status=before.status)


def _root(connection: Connection, job_id: uuid.UUID) -> Job:
    job = jobs.find(connection, job_id)
    if job is None:
        raise Problem("not_found", "there is no such job")
    if job.parent_job_id is not None:
        raise Problem("not_a_root_job", f"this is a part of job {job.parent_job_id}")
    return job
