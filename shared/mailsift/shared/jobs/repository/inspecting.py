"""What an operator and the metrics look at: how the queues stand, what has died of what, and the life of one job."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from mailsift.shared.jobs.states import JobStatus

# Jobs that wait lie together, behind all those that have ended. The planner takes them to be spread over the table, and
# would rather read the whole of it.
_BY_INDEX = text("SET LOCAL enable_seqscan = off")

# Each half through a partial index: what waits to be sent, and what is out or runs. The hints that nobody has claimed
# yet are due, too: their jobs wait.
_QUEUES = text("""
    WITH unsent AS (
        SELECT queue, count(*) AS jobs, count(*) FILTER (WHERE "dueAt" <= statement_timestamp()) AS due,
            min("dueAt") FILTER (WHERE "dueAt" <= statement_timestamp()) AS oldest
        FROM "jobQueue" WHERE status = 'pending' AND "dispatchedAt" IS NULL GROUP BY queue
    ), in_flight AS (
        SELECT queue, count(*) FILTER (WHERE status = 'pending') AS sent,
            count(*) FILTER (WHERE status = 'processing') AS running,
            min("dueAt") FILTER (WHERE status = 'pending') AS oldest
        FROM "jobQueue" WHERE "dispatchedAt" IS NOT NULL GROUP BY queue
    ), dead AS (
        SELECT d.queue, count(*) AS jobs FROM "jobQueue" d
        WHERE d.status = 'dead_letter' AND NOT EXISTS (
            SELECT FROM "jobQueue" r
            WHERE r."deletedAt" IS NOT NULL AND r."jobId" = coalesce(d."parentJobId", d."jobId"))
        GROUP BY d.queue
    )
    SELECT queue, coalesce(unsent.due, 0) + coalesce(sent, 0), coalesce(unsent.jobs - unsent.due, 0),
        coalesce(sent, 0), coalesce(running, 0), coalesce(dead.jobs, 0),
        extract(epoch FROM statement_timestamp() - least(unsent.oldest, in_flight.oldest))::float,
        extract(epoch FROM statement_timestamp() - unsent.oldest)::float,
        p."pausedAt", p.reason
    FROM unnest(CAST(:queues AS text[])) AS q(queue)
    LEFT JOIN unsent USING (queue) LEFT JOIN in_flight USING (queue) LEFT JOIN dead USING (queue)
    LEFT JOIN "pausedQueues" p USING (queue)
    ORDER BY queue""")

# A retry is of the root: it takes up again what has failed the root, be it a part of it or the root itself.
_DEAD = """
    "jobQueue" d JOIN "jobQueue" r ON r."jobId" = coalesce(d."parentJobId", d."jobId")
    CROSS JOIN LATERAL (SELECT r.status IN ('failed', 'dead_letter')
        AND (d."parentJobId" IS NULL OR d."failsParent") AS redrivable) AS verdict
    WHERE d.status = 'dead_letter' AND r."deletedAt" IS NULL
        AND (CAST(:jobs AS uuid[]) IS NULL OR d."jobId" = ANY(CAST(:jobs AS uuid[]))
             OR r."jobId" = ANY(CAST(:jobs AS uuid[])))
        AND (CAST(:queue AS text) IS NULL OR d.queue = :queue)
        AND (CAST(:job_type AS text) IS NULL OR d."jobType" = :job_type)
        AND (CAST(:code AS text) IS NULL OR d."errorCode" = :code)"""

_DEAD_LETTERS = text(f"""
    SELECT d."jobId", r."jobId", r.status, redrivable, d."workspaceId", d.queue, d."jobType", d."errorCode",
        d."errorMessage", d."retryCount", d."completedAt"
    FROM {_DEAD} ORDER BY d."completedAt" DESC, d."jobId" LIMIT :limit""")

_CAUSES = text(f"""
    SELECT d."jobType", d."errorCode", count(*) FROM {_DEAD} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2""")

_DEAD_ROOTS = text(f"""
    SELECT r."jobId", r.status, bool_or(redrivable) FROM {_DEAD}
    GROUP BY 1, 2 ORDER BY min(d."completedAt"), 1""")

_JOB = text("""
    SELECT "jobId", status, "parentJobId", "afterJobId", "workspaceId",
        coalesce("uploadId", "analysisId", "exportId"), "jobType", queue, priority, progress, "currentStep", attempt,
        "retryCount", "maxRetries", "errorCode", "errorMessage", "workerId", "createdAt", nullif("dueAt", 'infinity'),
        "dispatchedAt", "attemptStartedAt", "leaseUntil", "cancelRequestedAt", "completedAt", "deletedAt", "pausedAt"
    FROM "jobQueue" LEFT JOIN "pausedQueues" USING (queue) WHERE "jobId" = :job_id""")

_PARTS = text("""
    SELECT "jobType", status, count(*) FROM "jobQueue" WHERE "parentJobId" = :job_id GROUP BY 1, 2 ORDER BY 1, 2""")

_EVENTS = text("""
    SELECT "createdAt", status, attempt, cause, "workerId" FROM "jobEvents" WHERE "jobId" = :job_id
    ORDER BY "jobEventId" """)

_LAST_LINES = text("""
    SELECT * FROM (
        SELECT "createdAt", attempt, level, message, "jobLogId" FROM "jobLogs" WHERE "jobId" = :job_id
        ORDER BY "jobLogId" DESC LIMIT :lines) AS last
    ORDER BY "jobLogId" """)


@dataclass(frozen=True, slots=True)
class QueueState:
    """How many jobs of a queue are where."""

    queue: str
    # Could begin now. The hints of some are out already: of `sent`.
    due: int
    # Are not due yet: scheduled, between two tries, or behind another job.
    waiting: int
    sent: int
    running: int
    dead_letters: int
    # Since when the first of the due ones has been.
    oldest_due_seconds: float | None
    # And of these the first whose hint is not out.
    oldest_unsent_seconds: float | None
    paused_since: dt.datetime | None
    paused_reason: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters: those that answer to all that is said. `jobs` are their own ids, or those of their roots."""

    jobs: tuple[uuid.UUID, ...] | None = None
    queue: str | None = None
    job_type: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job whose retries are used up, and the root job that it is, or is a part of."""

    job_id: uuid.UUID
    root_id: uuid.UUID
    root_status: JobStatus
    # Whether a retry of the root takes it up again.
    redrivable: bool
    workspace_id: uuid.UUID
    queue: str
    job_type: str
    code: str | None
    message: str | None
    retry_count: int
    died_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Cause:
    """How many dead letters of a type have the same code."""

    job_type: str
    code: str | None
    count: int


@dataclass(frozen=True, slots=True)
class DeadRoot:
    """A root job that is a dead letter, or has some among its parts."""

    root_id: uuid.UUID
    status: JobStatus
    redrivable: bool


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a job's state."""

    at: dt.datetime
    status: str
    attempt: int
    cause: str
    worker_id: str | None


@dataclass(frozen=True, slots=True)
class LogLine:
    """What an attempt had to say."""

    at: dt.datetime
    attempt: int
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class Parts:
    """How many parts of a type are in a state."""

    job_type: str
    status: str
    count: int


@dataclass(frozen=True, slots=True)
class JobState:
    """One job as its row has it; `due_at` is missing while it waits for another job, whose id is `after_job_id`."""

    job_id: uuid.UUID
    status: JobStatus
    parent_job_id: uuid.UUID | None
    after_job_id: uuid.UUID | None
    workspace_id: uuid.UUID
    subject_id: uuid.UUID
    job_type: str
    queue: str
    priority: int
    progress: int
    step: str | None
    attempt: int
    retry_count: int
    max_retries: int
    code: str | None
    message: str | None
    worker_id: str | None
    created_at: dt.datetime
    due_at: dt.datetime | None
    sent_at: dt.datetime | None
    attempt_started_at: dt.datetime | None
    lease_until: dt.datetime | None
    cancel_requested_at: dt.datetime | None
    completed_at: dt.datetime | None
    deleted_at: dt.datetime | None
    queue_paused_since: dt.datetime | None


def queue_states(connection: Connection, queues: Collection[str]) -> list[QueueState]:
    """Look at these queues."""
    connection.execute(_BY_INDEX)
    return [QueueState(*row) for row in connection.execute(_QUEUES, {"queues": list(queues)})]


def dead_letters(connection: Connection, selection: Selection, limit: int) -> list[DeadLetter]:
    """List dead letters, the last first."""
    rows = connection.execute(_DEAD_LETTERS, {**_bound(selection), "limit": limit})
    return [DeadLetter(row[0], row[1], JobStatus(row[2]), *row[3:]) for row in rows]


def causes(connection: Connection, selection: Selection) -> list[Cause]:
    """Count dead letters by what they died of, the most first."""
    return [Cause(*row) for row in connection.execute(_CAUSES, _bound(selection))]


def dead_roots(connection: Connection, selection: Selection) -> list[DeadRoot]:
    """List the root jobs of dead letters, in the order in which these died."""
    return [DeadRoot(row[0], JobStatus(row[1]), row[2]) for row in connection.execute(_DEAD_ROOTS, _bound(selection))]


def find(connection: Connection, job_id: uuid.UUID) -> JobState | None:
    """Find a job of any workspace, a part or a root."""
    row = connection.execute(_JOB, {"job_id": job_id}).first()
    return None if row is None else JobState(row[0], JobStatus(row[1]), *row[2:])


def parts(connection: Connection, job_id: uuid.UUID) -> list[Parts]:
    """Count the parts of a job by type and state."""
    return [Parts(*row) for row in connection.execute(_PARTS, {"job_id": job_id})]


def history(connection: Connection, job_id: uuid.UUID) -> list[Event]:
    """List every change of a job's state, the first first."""
    return [Event(*row) for row in connection.execute(_EVENTS, {"job_id": job_id})]


def last_lines(connection: Connection, job_id: uuid.UUID, lines: int) -> list[LogLine]:
    """List the last lines that attempts of a job have logged, the last last."""
    return [LogLine(*row[:4]) for row in connection.execute(_LAST_LINES, {"job_id": job_id, "lines": lines})]


def _bound(selection: Selection) -> dict[str, Any]:
    jobs = None if selection.jobs is None else [str(job_id) for job_id in selection.jobs]
    return {"jobs": jobs, "queue": selection.queue, "job_type": selection.job_type, "code": selection.code}
