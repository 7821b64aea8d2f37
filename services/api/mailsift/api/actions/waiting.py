"""Waits a little for a job, so that a quick one is answered within its request."""

from __future__ import annotations

import time
import uuid

from mailsift.api.actions.once import Asked
from mailsift.api.deps import Deps
from mailsift.api.repository import jobs
from mailsift.api.schemas.jobs import Job
from mailsift.shared.db.session import tenant_transaction


def wait_for_end(deps: Deps, asked: Asked, job_id: uuid.UUID) -> Job | None:
    """Return a job that ended in time; None for one that has not. Without a free place nobody waits."""
    workspace_id = asked.principal.workspace_id
    if not deps.watcher.places.take(workspace_id):
        return None
    try:
        job = _watch(deps, workspace_id, job_id)
    finally:
        deps.watcher.places.free(workspace_id)
    return job if job is not None and job.ended else None


def _watch(deps: Deps, workspace_id: uuid.UUID, job_id: uuid.UUID) -> Job | None:
    deadline = time.monotonic() + deps.settings.wait_seconds
    with deps.watcher.watch(job_id) as watch:
        while True:
            with tenant_transaction(deps.engine, workspace_id) as connection:
                job = jobs.find(connection, job_id)
            left = deadline - time.monotonic()
            if job is None or job.ended or left <= 0 or watch.closed:
                return job
            watch.wait(min(left, deps.settings.stream_poll_seconds))
