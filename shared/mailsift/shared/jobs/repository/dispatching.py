"""What the dispatcher writes: which jobs were sent, whose lease ran out, which cancelled work is left."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from mailsift.shared.errors import LeaseLost
from mailsift.shared.jobs.job import Ref
from mailsift.shared.jobs.repository.claiming import key_of, release
from mailsift.shared.jobs.repository.moves import RELEASE, RETURNING, close_children, moved
from mailsift.shared.jobs.repository.queueing import notify_progress
from mailsift.shared.jobs.retry import Ending
from mailsift.shared.jobs.states import JobStatus

_OUTSTANDING = text("""
    SELECT queue, count(*) FROM "jobQueue"
    WHERE status = 'pending' AND "dispatchedAt" > clock_timestamp() - make_interval(secs => :republish)
    GROUP BY queue""")

# Locked inside a CTE: a LIMIT in a plain sub-select may update more rows than it says.
_TAKE = text("""
    WITH due AS (
        SELECT "jobId" FROM "jobQueue"
        WHERE status = 'pending' AND queue = :queue AND "dueAt" <= clock_timestamp()
            AND ("dispatchedAt" IS NULL OR "dispatchedAt" <= clock_timestamp() - make_interval(secs => :republish))
        ORDER BY priority DESC, "dueAt" LIMIT :free FOR UPDATE SKIP LOCKED
    )
    UPDATE "jobQueue" j SET "dispatchedAt" = clock_timestamp(), "dispatchToken" = :token
    FROM due WHERE j."jobId" = due."jobId"
    RETURNING j."jobId", j.attempt, j."jobType", j.queue""")

_UNMARK = text("""
    UPDATE "jobQueue" SET "dispatchedAt" = NULL, "dispatchToken" = NULL
    WHERE "dispatchToken" = :token AND "jobId" = ANY(CAST(:job_ids AS uuid[])) AND status = 'pending'""")

_OVER = """
    status = 'processing' AND "leaseToken" IS NOT NULL
    AND ("leaseUntil" < clock_timestamp()
         OR "attemptStartedAt" < clock_timestamp() - make_interval(secs => "maxRuntimeSeconds"))"""

_EXPIRED = text(f"""
    SELECT "jobId", "leaseToken", "retryCount", "maxRetries", "leaseUntil" < clock_timestamp() AS silent
    FROM "jobQueue" WHERE {_OVER} LIMIT 100""")

# Asked of the row as it is now: since it was listed, its worker may have come back, and its connection may have gone on
# to another job.
_TERMINATE = text(f"""
    SELECT (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE pid = "backendPid" AND backend_start = "backendStart")
    FROM "jobQueue" WHERE "jobId" = :job_id AND "leaseToken" = :token AND {_OVER}""")

_MARKED_PARENTS = text("""
    SELECT "jobId" FROM "jobQueue"
    WHERE status = 'processing' AND "leaseToken" IS NULL AND "cancelRequestedAt" IS NOT NULL AND "openChildren" > 0
    LIMIT 100""")

_CANCEL_CHILDREN = text(f"""
    WITH open AS (
        SELECT "jobId" FROM "jobQueue" WHERE "parentJobId" = :parent_id AND status = 'pending'
        LIMIT :batch FOR UPDATE SKIP LOCKED
    ), cancelled AS (
        UPDATE "jobQueue" j SET status = 'cancelled', "completedAt" = clock_timestamp(), {RELEASE}
        FROM open WHERE j."jobId" = open."jobId" RETURNING j."jobId", j.attempt, j."totalItems"
    ), noted AS (
        INSERT INTO "jobEvents" ("jobId", attempt, status, cause)
        SELECT "jobId", attempt, 'cancelled', 'cancelled by the user' FROM cancelled
    )
    SELECT "totalItems" FROM cancelled""")

_MARK_CHILDREN = text("""
    UPDATE "jobQueue" SET "cancelRequestedAt" = clock_timestamp()
    WHERE "parentJobId" = :parent_id AND status = 'processing' AND "cancelRequestedAt" IS NULL""")

_VOID_LEASES = text(f"""
    UPDATE "jobQueue" SET status = CASE WHEN "cancelRequestedAt" IS NULL THEN 'pending' ELSE 'cancelled' END,
        "completedAt" = CASE WHEN "cancelRequestedAt" IS NOT NULL THEN clock_timestamp() END,
        "dueAt" = clock_timestamp(), {RELEASE}
    WHERE status = 'processing' AND "leaseToken" IS NOT NULL RETURNING {RETURNING}""")

_VOID_MARKS = text("""
    UPDATE "jobQueue" SET "dispatchedAt" = NULL, "dispatchToken" = NULL
    WHERE status = 'pending' AND "dispatchedAt" IS NOT NULL""")

_PUT_OFF = text("""
    UPDATE "jobQueue" SET "dueAt" = clock_timestamp() + make_interval(secs => :seconds) WHERE status = 'pending'""")


@dataclass(frozen=True, slots=True)
class Hint:
    """A message to send."""

    job_id: uuid.UUID
    attempt: int
    job_type: str
    queue: str


@dataclass(frozen=True, slots=True)
class ExpiredLease:
    """An attempt that fell silent, or ran for too long."""

    ref: Ref
    retry_count: int
    max_retries: int
    silent: bool


def outstanding(connection: Connection, republish_seconds: float) -> dict[str, int]:
    """Count, per queue, the hints that were sent and not claimed yet."""
    return {row[0]: row[1] for row in connection.execute(_OUTSTANDING, {"republish": republish_seconds})}


def take(connection: Connection, queue: str, free: int, token: uuid.UUID, republish_seconds: float) -> list[Hint]:
    """Mark up to `free` due jobs of a queue as sent under `token`, and return their hints."""
    rows = connection.execute(_TAKE, {"queue": queue, "free": free, "token": token, "republish": republish_seconds})
    return [Hint(*row) for row in rows]


def unmark(connection: Connection, hints: Sequence[Hint], token: uuid.UUID) -> None:
    """Take the mark back from jobs whose hint could not be sent, unless somebody marked them since."""
    connection.execute(_UNMARK, {"token": token, "job_ids": [str(hint.job_id) for hint in hints]})


def expired_leases(connection: Connection) -> list[ExpiredLease]:
    """List attempts whose lease or run time is over."""
    return [ExpiredLease(Ref(row[0], row[1]), row[2], row[3], row[4]) for row in connection.execute(_EXPIRED)]


def terminate_writer(connection: Connection, lease: ExpiredLease) -> bool:
    """End the connection that wrote for a lease: stopped inside a COPY, it would hold its keys for ever.

    False when the lease is no longer over, and must be left alone.
    """
    return connection.execute(_TERMINATE, key_of(lease.ref)).first() is not None


def reap(connection: Connection, lease: ExpiredLease) -> JobStatus | None:
    """Free an expired lease: the job waits to be tried again, or is given up; None when its worker ended it first.

    The lease's time was wait enough, so the next try is due at once; the count ends a job that kills its workers.
    """
    status = JobStatus.DEAD_LETTER if lease.retry_count >= lease.max_retries else JobStatus.PENDING
    code, message = (
        ("worker_lost", "the worker fell silent") if lease.silent else ("max_runtime", "the job ran for too long")
    )
    try:
        return release(connection, lease.ref, Ending(status, code, code, message))
    except LeaseLost:
        return None


def cancelled_parents(connection: Connection) -> list[uuid.UUID]:
    """List parents that are to be cancelled and still have open children."""
    return list(connection.scalars(_MARKED_PARENTS))


def cancel_children(connection: Connection, parent_id: uuid.UUID, batch: int = 1000) -> int:
    """Cancel pending children of a parent, mark the running ones; returns how many it cancelled.

    Children before the parent: every transaction takes these locks in that order.
    """
    connection.execute(_MARK_CHILDREN, {"parent_id": parent_id})
    items = connection.scalars(_CANCEL_CHILDREN, {"parent_id": parent_id, "batch": batch}).all()
    if items:
        close_children(connection, parent_id, len(items), items=sum(count or 0 for count in items))
        notify_progress(connection, parent_id)
    return len(items)


def void_all_leases(connection: Connection) -> int:
    """Hand every running job back and forget every mark, with no retry used up; returns how many ran.

    Only for one who knows that no worker is alive: the holder of a standalone's data directory.
    """
    rows = connection.execute(_VOID_LEASES).mappings().all()
    for row in rows:
        moved(connection, row, "handed back at start")
    connection.execute(_VOID_MARKS)
    return len(rows)


def put_off_pending(connection: Connection, seconds: float) -> int:
    """Make every pending job due in so many seconds, or now; returns how many there are. For that same holder."""
    return connection.execute(_PUT_OFF, {"seconds": seconds}).rowcount
