"""Jobs: how they stand, what they wrote, and how they are listed."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from mailsift.api.schemas.base import Answer, Given, Listing, Numbered, Page, Time
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.states import ENDED, JobStatus

MOST_PAGED: Final = 10_000
"""How many jobs can be leafed through by the number of the page, and are counted."""
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


class RequestedAs(StrEnum):
    """The words by which a job may be asked for that are no type of ours."""

    IMPORT_CSV = "import_csv"
    EXPORT_DATA = "export_data"
    VERIFY_EMAILS = "verify-emails"
    ANALYZE_FILE = "analyze-file"


class ProgressDetail(Answer):
    """How far a job is."""

    total: int | None = Field(description="null until it is known")
    processed: int
    failed: int = Field(description="rows of a list from which no address could be taken")
    percentage: int = Field(ge=0, le=100)
    message: str


class ErrorDetail(Answer):
    """Why a job ended badly, or what the last try died of."""

    code: str | None
    message: str | None
    attempt: int = Field(description="how often the job had been taken up by then")
    retryable: bool = Field(description="whether it may be tried again by hand: it has ended")


class Job(Answer):
    """A piece of background work."""

    job_id: uuid.UUID
    job_type: JobType
    requested_as: RequestedAs | None = Field(description="the word by which it was asked for, where that is no type")
    status: JobStatus
    progress: int = Field(ge=0, le=100)
    progress_detail: ProgressDetail
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
    error_detail: ErrorDetail | None
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
    deadline_at: Time | None = Field(description="cancelled unless it has ended by then")
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

    page: int | None = Field(
        default=None, ge=1, le=MOST_PAGED, description="in place of `cursor`, among the newest 10,000"
    )
    status: JobStatus | None = None
    job_type: JobType | RequestedAs | None = Field(
        default=None, description="a type, or a word by which jobs were asked for"
    )
    upload_id: uuid.UUID | None = None
    analysis_id: uuid.UUID | None = None
    export_id: uuid.UUID | None = None
    parent_job_id: uuid.UUID | None = None

    @model_validator(mode="after")
    def _one_way_to_page(self) -> JobFilter:
        if self.page is not None and self.cursor is not None:
            raise ValueError("page and cursor: say one of both")
        if self.offset + self.limit > MOST_PAGED:
            raise ValueError(f"pages end at the newest {MOST_PAGED}; go on with `next` of the last one as cursor")
        return self

    @property
    def offset(self) -> int:
        """How many jobs stand before the page."""
        return ((self.page or 1) - 1) * self.limit


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


class JobMoved(Answer):
    """What became of the wish to cancel a job or to delete it."""

    success: bool
    message: str
    job_id: uuid.UUID
    status: JobStatus


class JobChange(Given):
    """What an admin may change of a job."""

    status: Literal[JobStatus.CANCELLED]


class Pagination(Answer):
    """Where a page stands in its list."""

    page: int | None = Field(description="null of a page that a cursor led to")
    limit: int
    total: int = Field(description=f"{MOST_PAGED} where there are more")
    pages: int
    next: str | None = Field(description="the cursor of the page after it, null on the last")


class JobPage(Answer):
    """A page of jobs."""

    jobs: list[Job]
    pagination: Pagination


class JobAnswer(Answer):
    """A job."""

    job: Job


class JobWithLogs(JobAnswer):
    """A job, and the last lines that it and its parts wrote."""

    logs: list[JobLogLine]


class JobLogPage(Answer):
    """A page of log lines."""

    logs: list[JobLogLine]
    next: str | None = Field(description="the cursor of the page after it, null on the last")


class JobEventPage(Page[JobEvent]):
    """A page of changes of state."""
