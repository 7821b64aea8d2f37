"""How the jobs of a workspace go on the whole, in the words of data pipeline jobs: snake_case."""

from __future__ import annotations

import uuid

from pydantic import Field

from mailsift.api.schemas.base import SnakeAnswer, Time
from mailsift.api.schemas.jobs import RequestedAs
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.states import JobStatus


class JobStats(SnakeAnswer):
    """How many whole jobs are where; each counted up to 100,000."""

    queue_depth: int = Field(description="that wait, those for their hour or for another job too")
    processing: int
    completed_last_hour: int
    failed_last_hour: int = Field(description="failed, or used their tries up")
    average_duration_ms: int | None = Field(
        description="of the last hour, from the first start; null when there are none"
    )
    throughput_per_minute: float = Field(description="that completed, over the last hour")


class QueueDepth(SnakeAnswer):
    """How many jobs of one band are where."""

    depth: int
    processing: int


class QueueDepths(SnakeAnswer):
    """Jobs by the band of their priority."""

    high_priority: QueueDepth = Field(description="7 to 10")
    default: QueueDepth = Field(description="4 to 6")
    low_priority: QueueDepth = Field(description="0 to 3")
    scheduled: QueueDepth = Field(description="whatever their priority: their hour is still to come")


class RecentFailure(SnakeAnswer):
    """A job that failed, or used its tries up."""

    job_id: uuid.UUID
    job_type: JobType
    requested_as: RequestedAs | None
    status: JobStatus
    error_code: str | None
    error_message: str | None
    attempts: int
    created_at: Time
    failed_at: Time


class PerformanceMetrics(SnakeAnswer):
    """Milliseconds of the jobs that completed within the last hour; null when there are none."""

    p50: int | None = Field(description="from the first start to the end")
    p95: int | None
    p99: int | None
    wait_p50: int | None = Field(description="from when it could begin to its first start; not of those behind another")
    wait_p95: int | None
    wait_p99: int | None
    success_rate: float | None = Field(description="per cent that completed, of all that completed or failed")


class JobDashboard(SnakeAnswer):
    """What a screen about the jobs of a workspace shows."""

    queues: QueueDepths
    recent_failures: list[RecentFailure] = Field(description="the last ten")
    performance_metrics: PerformanceMetrics
    dead_letters: int = Field(description="jobs that used their tries up and wait for somebody to look at them")
