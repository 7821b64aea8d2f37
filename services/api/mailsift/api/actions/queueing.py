"""The job behind a request, and where to watch it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from mailsift.api.actions.once import Asked
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import NewJob, Subject
from mailsift.shared.jobs.repository import queueing


def enqueue(
    connection: Connection, asked: Asked, job_type: JobType, subject: Subject, payload: Mapping[str, Any]
) -> uuid.UUID:
    """Put the job of a request into the queue."""
    return queueing.enqueue(
        connection,
        NewJob(
            job_type=job_type,
            workspace_id=asked.principal.workspace_id,
            user_id=asked.principal.user_id,
            subject=subject,
            trace_id=asked.trace_id,
            payload=payload,
        ),
    )


def status_url(job_id: uuid.UUID) -> str:
    """Where a job can be asked after."""
    return f"/api/jobs/{job_id}/status"


def stream_url(job_id: uuid.UUID) -> str:
    """Where a job can be followed."""
    return f"/api/jobs/{job_id}/stream"
