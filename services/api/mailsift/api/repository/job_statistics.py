"""Counts over the whole jobs that one may see, each bounded: however many there are, an answer takes a moment."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, RowMapping, text

from mailsift.api.schemas.job_statistics import (
    JobDashboard,
    JobStats,
    PerformanceMetrics,
    QueueDepth,
    QueueDepths,
    RecentFailure,
)
from mailsift.api.schemas.watched_jobs import WatchedCounts, watched_status
from mailsift.shared.jobs.states import JobStatus

MOST_COUNTED: Final = 100_000
_FAILURES: Final = 10  # that are shown
_BANDS: Final = tuple(QueueDepths.model_fields)

# Those of one state lie far apart in the table; the planner would rather read the whole of it than their index.
_BY_INDEX = text("SET LOCAL enable_seqscan = off")

_WHOLE = """j."parentJobId" IS NULL AND j."deletedAt" IS NULL"""

_BY_STATUS = text(f"""
    SELECT s.status, (SELECT count(*) FROM (
        SELECT FROM "jobQueue" j WHERE j.status = s.status AND {_WHOLE} LIMIT :most) AS counted) AS jobs
    FROM unnest(CAST(:statuses AS text[])) AS s(status)""")

# Those that were deleted since have run all the same.
_LAST_HOUR = text("""
    WITH ended AS (
        SELECT s.status, extract(epoch FROM "completedAt" - "startedAt") * 1000 AS ms,
            extract(epoch FROM "startedAt" - greatest("createdAt", "scheduledFor")) * 1000 AS waited,
            "afterJobId" IS NOT NULL AS follows
        FROM unnest(CAST(:statuses AS text[])) AS s(status) CROSS JOIN LATERAL (
            SELECT * FROM "jobQueue" j
            WHERE j.status = s.status AND j."parentJobId" IS NULL AND j."completedAt" > now() - interval '1 hour'
            ORDER BY j."completedAt" DESC LIMIT :most) AS j
    )
    SELECT count(*) FILTER (WHERE status = 'completed') AS completed,
        count(*) FILTER (WHERE status <> 'completed') AS failed,
        avg(ms) FILTER (WHERE status = 'completed') AS average,
        percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY ms)
            FILTER (WHERE status = 'completed') AS durations,
        percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY waited)
            FILTER (WHERE status = 'completed' AND NOT follows) AS waits
    FROM ended""")

_QUEUES = text(f"""
    SELECT band, count(*) FILTER (WHERE status = 'pending') AS depth,
        count(*) FILTER (WHERE status = 'processing') AS processing
    FROM (
        SELECT status, CASE
            WHEN status = 'pending' AND "scheduledFor" > now() THEN 'scheduled'
            WHEN priority >= 7 THEN 'high_priority' WHEN priority >= 4 THEN 'default' ELSE 'low_priority' END AS band
        FROM "jobQueue" j WHERE j.status IN ('pending', 'processing') AND {_WHOLE} LIMIT :most
    ) AS open GROUP BY band""")

# Each state by its word: only of a word the planner knows how rare it is.
_FAILURES_OF_ONE_STATE = f"""(
    SELECT j."jobId" AS job_id, j."jobType" AS job_type, j."requestedAs" AS requested_as, j.status,
        j."errorCode" AS error_code, j."errorMessage" AS error_message, j.attempt AS attempts,
        j."createdAt" AS created_at, j."completedAt" AS failed_at
    FROM "jobQueue" j WHERE j.status = '{{status}}' AND j."completedAt" IS NOT NULL AND {_WHOLE}
    ORDER BY j."completedAt" DESC LIMIT :failures)"""
_RECENT_FAILURES = text(
    "SELECT * FROM ({}) AS f ORDER BY failed_at DESC LIMIT :failures".format(
        " UNION ALL ".join(_FAILURES_OF_ONE_STATE.format(status=status) for status in ("failed", "dead_letter"))
    )
)


def stats(connection: Connection) -> JobStats:
    """Count what waits and runs, and what ended within the last hour."""
    connection.execute(_BY_INDEX)
    open_jobs = _by_status(connection, [JobStatus.PENDING, JobStatus.PROCESSING])
    hour = _last_hour(connection)
    return JobStats(
        queue_depth=open_jobs[JobStatus.PENDING],
        processing=open_jobs[JobStatus.PROCESSING],
        completed_last_hour=hour["completed"],
        failed_last_hour=hour["failed"],
        average_duration_ms=None if hour["average"] is None else round(hour["average"]),
        throughput_per_minute=round(hour["completed"] / 60, 2),
    )


def dashboard(connection: Connection) -> JobDashboard:
    """Read what a screen about the jobs shows."""
    connection.execute(_BY_INDEX)
    failures = connection.execute(_RECENT_FAILURES, {"failures": _FAILURES}).mappings()
    return JobDashboard(
        queues=_queues(connection),
        recent_failures=[RecentFailure.model_validate(dict(row)) for row in failures],
        performance_metrics=_performance(_last_hour(connection)),
        dead_letters=_by_status(connection, [JobStatus.DEAD_LETTER])[JobStatus.DEAD_LETTER],
    )


def watched_counts(connection: Connection) -> WatchedCounts:
    """Count all jobs by the states as they are watched."""
    connection.execute(_BY_INDEX)
    counts = dict.fromkeys(WatchedCounts.model_fields, 0)
    for status, jobs in _by_status(connection, list(JobStatus)).items():
        counts[watched_status(status).value] += jobs
        counts["total"] += jobs
    return WatchedCounts(**counts)


def _by_status(connection: Connection, statuses: list[JobStatus]) -> dict[JobStatus, int]:
    asked = {"statuses": [status.value for status in statuses], "most": MOST_COUNTED}
    return {JobStatus(row.status): row.jobs for row in connection.execute(_BY_STATUS, asked)}


def _last_hour(connection: Connection) -> RowMapping:
    statuses = [JobStatus.COMPLETED.value, JobStatus.FAILED.value, JobStatus.DEAD_LETTER.value]
    return connection.execute(_LAST_HOUR, {"statuses": statuses, "most": MOST_COUNTED}).mappings().one()


def _queues(connection: Connection) -> QueueDepths:
    found = {row.band: row for row in connection.execute(_QUEUES, {"most": MOST_COUNTED})}
    nothing = QueueDepth(depth=0, processing=0)
    return QueueDepths(
        **{band: QueueDepth.model_validate(found[band]) if band in found else nothing for band in _BANDS}
    )


def _performance(hour: RowMapping) -> PerformanceMetrics:
    durations = [round(ms) for ms in hour["durations"] or ()] or [None] * 3
    waits = [max(0, round(ms)) for ms in hour["waits"] or ()] or [None] * 3
    ended = hour["completed"] + hour["failed"]
    return PerformanceMetrics(
        p50=durations[0],
        p95=durations[1],
        p99=durations[2],
        wait_p50=waits[0],
        wait_p95=waits[1],
        wait_p99=waits[2],
        success_rate=round(100 * hour["completed"] / ended, 2) if ended else None,
    )
