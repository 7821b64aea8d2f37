"""Jobs, in our own words and in those of the first job interface."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any

from pydantic import Field

from mailsift.api.schemas.base import Answer, Listing, Numbered, Page, Time
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.states import ENDED, JobStatus

_MOST_ATTEMPTS = 2**31 - 1  # of an integer


class WaitsFor(StrEnum):
    """What keeps a pending job from running."""

    JOB = "job"
    TIME = "time"
    RETRY = "retry"
    QUEUE = "queue"
    WORKER = "worker"


_WAITS_FOR = Field(
    description="of a pending job: `job` is the one that `afterJobId` names, `time` is `scheduledFor`, `retry` is"
    " `retryAfter`, `queue` is the operator, who holds its queue back, and `worker` is the next that is free"
)


class Job(Answer):
    """A piece of background work."""

    job_id: uuid.UUID
    job_type: JobType
    status: JobStatus
    progress: int = Field(ge=0, le=100)
    current_step: str | None
    processed_items: int
    total_items: int | None
    eta_seconds: int | None
    attempt: int
    retry_count: int
    max_retries: int
    priority: int
    error_code: str | None
    error_message: str | None
    upload_id: uuid.UUID | None
    analysis_id: uuid.UUID | None
    export_id: uuid.UUID | None
    parent_job_id: uuid.UUID | None
    after_job_id: uuid.UUID | None = Field(description="the job that has to complete first")
    waits_for: WaitsFor | None = _WAITS_FOR
    result: dict[str, Any] | None
    trace_id: str
    created_at: Time
    scheduled_for: Time | None = Field(description="not before then")
    started_at: Time | None
    completed_at: Time | None
    updated_at: Time
    retry_after: Time | None
    cancel_requested_at: Time | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.status in ENDED


class JobFilter(Listing):
    """Which jobs; without `parentJobId` only whole jobs, with it the parts of one."""

    status: JobStatus | None = None
    job_type: JobType | None = None
    upload_id: uuid.UUID | None = None
    analysis_id: uuid.UUID | None = None
    export_id: uuid.UUID | None = None
    parent_job_id: uuid.UUID | None = None


class JobLogFilter(Numbered):
    """Which lines."""

    attempt: int | None = Field(default=None, ge=1, le=_MOST_ATTEMPTS)


class JobLogLine(Answer):
    """One line that an attempt wrote, of the job or of one of its parts."""

    job_id: uuid.UUID
    attempt: int
    level: str
    message: str
    metadata: dict[str, Any]
    created_at: Time


class JobEvent(Answer):
    """One change of state."""

    attempt: int = Field(description="how often the job had been claimed by then")
    status: JobStatus
    cause: str
    worker: str | None = Field(description="tells the workers of this job apart; whose names they are, the log knows")
    created_at: Time


class WatchedStatus(StrEnum):
    """The states of a job as the status and stream routes name them."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


_WATCHED = {JobStatus.PROCESSING: WatchedStatus.RUNNING, JobStatus.DEAD_LETTER: WatchedStatus.FAILED}


def watched_status(status: JobStatus) -> WatchedStatus:
    """Say a job's state in the words of the status and stream routes."""
    return _WATCHED.get(status) or WatchedStatus(status.value)


class JobMetadata(Answer):
    """What a job is about and how far it is."""

    current_step: str | None
    processed_items: int
    total_items: int | None
    eta_seconds: int | None
    upload_id: uuid.UUID | None
    analysis_id: uuid.UUID | None
    export_id: uuid.UUID | None
    after_job_id: uuid.UUID | None
    waits_for: WaitsFor | None


class WatchedJob(Answer):
    """A job as the status route shows it."""

    id: uuid.UUID
    type: JobType
    status: WatchedStatus
    progress: int
    metadata: JobMetadata
    result_data: dict[str, Any] | None
    error_message: str | None
    created_at: Time
    updated_at: Time


class JobStatusAnswer(Answer):
    """The answer of the status route."""

    success: bool
    job: WatchedJob


def status_answer(job: Job) -> JobStatusAnswer:
    """Write a job in the shape of the status route."""
    watched = WatchedJob(
        id=job.job_id,
        type=job.job_type,
        status=watched_status(job.status),
        progress=job.progress,
        metadata=JobMetadata.model_validate(job),
        result_data=job.result,
        error_message=job.error_message,
        created_at=job.created_at,
        updated_at=job.updated_at,
    )
    return JobStatusAnswer(success=True, job=watched)


class JobMoved(Answer):
    """What became of the wish to cancel a job or to try it again."""

    success: bool
    message: str
    job_id: uuid.UUID
    status: JobStatus


class JobPage(Page[Job]):
    """A page of jobs."""


class JobLogPage(Page[JobLogLine]):
    """A page of log lines."""


class JobEventPage(Page[JobEvent]):
    """A page of changes of state."""
