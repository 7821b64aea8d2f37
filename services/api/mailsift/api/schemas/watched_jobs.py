"""Jobs in the shape of persistent jobs: `running` for what is at work, `failed` also for what used its tries up."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, RootModel, model_validator

from mailsift.api.schemas.base import Answer, Given, Time
from mailsift.api.schemas.jobs import Job, RequestedAs, WaitsFor
from mailsift.api.schemas.reading import true_or_false
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.states import JobStatus


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
    """A job as it is watched."""

    id: uuid.UUID
    type: JobType | RequestedAs = Field(description="the word by which it was asked for, else our type")
    status: WatchedStatus
    progress: int
    metadata: JobMetadata
    result_data: dict[str, Any] | None = Field(
        description="what came of it in numbers, and `resultsUrl`, where all of it is"
    )
    error_message: str | None
    created_at: Time
    updated_at: Time
    completed_at: Time | None


class JobStatusAnswer(Answer):
    """How a job stands."""

    success: Literal[True] = True
    job: WatchedJob


class WatchedFilter(Given):
    """Which jobs, or with `stats` how many there are in which state."""

    type: JobType | RequestedAs | None = None
    status: WatchedStatus | None = None
    limit: int = Field(default=50, ge=1, le=200)
    stats: Annotated[bool, BeforeValidator(true_or_false)] = Field(
        default=False, description="`true`: how many jobs there are in which state, of all types"
    )

    @model_validator(mode="after")
    def _of_all(self) -> WatchedFilter:
        if self.stats and self.model_fields_set != {"stats"}:
            raise ValueError("stats is of all jobs: leave type, status and limit out")
        return self


class WatchedCounts(Answer):
    """How many jobs there are in which state; each counted up to 100,000."""

    total: int
    pending: int
    running: int
    completed: int
    failed: int
    cancelled: int


class WatchedJobs(Answer):
    """The newest jobs."""

    success: Literal[True] = True
    jobs: list[WatchedJob]
    count: int = Field(description="of those shown")


class WatchedStats(Answer):
    """How many jobs there are."""

    success: Literal[True] = True
    stats: WatchedCounts


class WatchedList(RootModel[WatchedJobs | WatchedStats]):
    """The newest jobs, or with `stats` their counts."""


def watched(job: Job) -> WatchedJob:
    """Write a job as it is watched."""
    return WatchedJob(
        id=job.job_id,
        type=job.requested_as or job.job_type,
        status=watched_status(job.status),
        progress=job.progress,
        metadata=JobMetadata.model_validate(job),
        result_data=result_data(job),
        error_message=job.error_message,
        created_at=job.created_at,
        updated_at=job.updated_at,
        completed_at=job.completed_at,
    )


def result_data(job: Job) -> dict[str, Any] | None:
    """Say what came of a job in numbers, and where all of it is."""
    if job.result is None:
        return None
    return {**job.result, "resultsUrl": _results_url(job)}


def _results_url(job: Job) -> str:
    if job.export_id is not None:
        return f"/api/exports/{job.export_id}/download"
    if job.job_type is JobType.DOMAIN_ANALYSIS:
        return f"/api/analyses/{job.analysis_id}"
    if job.analysis_id is not None:
        return f"/api/analyses/{job.analysis_id}/results"
    return f"/api/uploads/{job.upload_id}"
