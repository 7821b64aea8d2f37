"""What chores write: leases that ran out, hints that got lost, parts of cancelled jobs, counts that are wrong."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, text

from mailsift.shared.errors import LeaseLost
from mailsift.shared.jobs.job import Ref
from mailsift.shared.jobs.repository.claiming import key_of, release
from mailsift.shared.jobs.repository.moves import RELEASE, hand_on, move, moving
from mailsift.shared.jobs.repository.queueing import notify_progress, request_cancel
from mailsift.shared.jobs.retry import CANCELLED, Ending
from mailsift.shared.jobs.states import ENDED, JobStatus

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

_LOST_HINTS = text("""
    WITH lost AS (
        SELECT "jobId" FROM "jobQueue"
        WHERE "dispatchedAt" < clock_timestamp() - make_interval(secs => :republish) AND status = 'pending'
        LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    UPDATE "jobQueue" j SET "dispatchedAt" = NULL, "dispatchToken" = NULL
    FROM lost WHERE j."jobId" = lost."jobId" """)

# One that waits for another ends with it, and so is tried again with it.
_OVERDUE = text("""
    SELECT "jobId" FROM "jobQueue"
    WHERE "deadlineAt" < now() AND "completedAt" IS NULL AND "cancelRequestedAt" IS NULL AND "dueAt" < 'infinity'
    ORDER BY "deadlineAt", "jobId" LIMIT 100""")

# Since it was listed, somebody may have tried it again, and given it all the time it takes.
_STILL_OVERDUE = text("""SELECT "deadlineAt" < now() FROM "jobQueue" WHERE "jobId" = :job_id FOR NO KEY UPDATE""")

_MARKED_PARENTS = text("""
    SELECT "jobId" FROM "jobQueue"
    WHERE status = 'processing' AND "leaseToken" IS NULL AND "cancelRequestedAt" IS NOT NULL AND "openChildren" > 0
    LIMIT 100""")

# Since it was listed, it may have ended and been retried.
_STILL_MARKED = """EXISTS (
    SELECT FROM "jobQueue" p
    WHERE p."jobId" = :parent_id AND p.status = 'processing' AND p."cancelRequestedAt" IS NOT NULL)"""

_CANCEL_CHILDREN = text(
    moving(f"""
    UPDATE "jobQueue" j SET status = 'cancelled', "completedAt" = clock_timestamp(), {RELEASE}
    WHERE "jobId" IN (
        SELECT "jobId" FROM "jobQueue" WHERE "parentJobId" = :parent_id AND status = 'pending' AND {_STILL_MARKED}
        LIMIT :batch FOR UPDATE SKIP LOCKED)""")
)

_MARK_CHILDREN = text(f"""
    UPDATE "jobQueue" SET "cancelRequestedAt" = clock_timestamp()
    WHERE "jobId" IN (
        SELECT "jobId" FROM "jobQueue"
        WHERE "parentJobId" = :parent_id AND status = 'processing' AND "cancelRequestedAt" IS NULL AND {_STILL_MARKED}
        FOR NO KEY UPDATE SKIP LOCKED)""")

_WAITING_PARENTS = text("""
    SELECT p."jobId" FROM "jobQueue" p
    WHERE p.status = 'processing' AND p."leaseToken" IS NULL AND p."jobId" > :after
    ORDER BY p."jobId" LIMIT :batch""")

# Locked before its children are counted: whoever ends one of them lowers the count in the same transaction, and either
# has committed both or is waiting for this lock with both.
_LOCK_PARENT = text("""
    SELECT "openChildren" FROM "jobQueue"
    WHERE "jobId" = :parent_id AND status = 'processing' AND "leaseToken" IS NULL FOR NO KEY UPDATE""")

_COUNT_CHILDREN = text("""
    SELECT count(*) FILTER (WHERE status IN ('pending', 'processing')) AS open,
        count(*) FILTER (WHERE status IN ('failed', 'dead_letter', 'cancelled') AND "failsParent") AS failed
    FROM "jobQueue" WHERE "parentJobId" = :parent_id""")

_SET_COUNT = text("""
    UPDATE "jobQueue" SET "openChildren" = :open, "failedChildren" = :failed, "updatedAt" = clock_timestamp()
    WHERE "jobId" = :parent_id""")

_ENDED_PREDECESSORS = text("""
    SELECT DISTINCT p."jobId", p.status FROM "jobQueue" f JOIN "jobQueue" p ON p."jobId" = f."afterJobId"
    WHERE f.status = 'pending' AND f."dueAt" = 'infinity' AND p.status = ANY(CAST(:ended AS text[])) LIMIT :batch""")

_VOID_LEASES = text(
    moving(f"""
    UPDATE "jobQueue" j SET status = CASE WHEN "cancelRequestedAt" IS NULL THEN 'pending' ELSE 'cancelled' END,
        "completedAt" = CASE WHEN "cancelRequestedAt" IS NOT NULL THEN clock_timestamp() END,
        "dueAt" = clock_timestamp(), {RELEASE}
    WHERE status = 'processing' AND "leaseToken" IS NOT NULL""")
)

_VOID_MARKS = text("""
    UPDATE "jobQueue" SET "dispatchedAt" = NULL, "dispatchToken" = NULL
    WHERE status = 'pending' AND "dispatchedAt" IS NOT NULL""")

# What waits for another job, or for its hour, goes on waiting.
_PUT_OFF = text("""
    UPDATE "jobQueue" SET "dueAt" = greatest(clock_timestamp() + make_interval(secs => :seconds), "scheduledFor")
    WHERE status = 'pending' AND "dueAt" < 'infinity'""")


@dataclass(frozen=True, slots=True)
class ExpiredLease:
    """An attempt that fell silent, or ran for too long."""

    ref: Ref
    retry_count: int
    max_retries: int
    silent: bool


def expired_leases(connection: Connection) -> list[ExpiredLease]:
    """List attempts whose lease or run time is over."""
    return [ExpiredLease(Ref(row[0], row[1]), row[2], row[3], row[4]) for row in connection.execute(_EXPIRED)]


def terminate_writer(connection: Connection, lease: ExpiredLease) -> bool:
    """End the connection that wrote for a lease: stopped inside a COPY, it would hold its keys for ever.

    False when the lease is no longer over, and must be left alone.
    """
    return connection.execute(_TERMINATE, key_of(lease.ref)).first() is not None


def reap(connection: Connection, lease: ExpiredLease, delay: float) -> JobStatus | None:
    """Free an expired lease: its job is tried again in `delay` seconds, or given up; None when its worker ended it.

    The count ends a job that kills its workers.
    """
    status = JobStatus.DEAD_LETTER if lease.retry_count >= lease.max_retries else JobStatus.PENDING
    code, message = (
        ("worker_lost", "the worker fell silent") if lease.silent else ("max_runtime", "the job ran for too long")
    )
    try:
        return release(connection, lease.ref, Ending(status, code, code, message, delay))
    except LeaseLost:
        return None


def republish(connection: Connection, after_seconds: float, batch: int = 1000) -> int:
    """Let hints be sent again that nobody has claimed for so long; returns how many."""
    return connection.execute(_LOST_HINTS, {"republish": after_seconds, "batch": batch}).rowcount


def overdue(connection: Connection) -> list[uuid.UUID]:
    """List jobs that should have ended by now, those first that have waited longest."""
    return list(connection.scalars(_OVERDUE))


def cancel_overdue(connection: Connection, job_id: uuid.UUID) -> None:
    """Take a job back that nobody waits for any more."""
    if connection.scalar(_STILL_OVERDUE, {"job_id": job_id}):
        request_cancel(connection, job_id, "its deadline has passed")


def cancelled_parents(connection: Connection) -> list[uuid.UUID]:
    """List parents that are to be cancelled and still have open children."""
    return list(connection.scalars(_MARKED_PARENTS))


def cancel_children(connection: Connection, parent_id: uuid.UUID, batch: int = 1000) -> int:
    """Cancel pending children of a parent, mark the running ones; returns how many it cancelled.

    Children before the parent: every transaction takes these locks in that order.
    """
    connection.execute(_MARK_CHILDREN, {"parent_id": parent_id})
    cancelled = move(connection, _CANCEL_CHILDREN, {"parent_id": parent_id, "batch": batch, "cause": CANCELLED.cause})
    if cancelled:
        notify_progress(connection, parent_id)
    return len(cancelled)


def waiting_parents(connection: Connection, after: uuid.UUID, batch: int) -> list[uuid.UUID]:
    """List parents that wait for their children, in the order of their ids."""
    return list(connection.scalars(_WAITING_PARENTS, {"after": after, "batch": batch}))


def reconcile(connection: Connection, parent_id: uuid.UUID) -> bool:
    """Set a waiting parent's count right, and let it go on when no child is open; True if it was wrong."""
    count = connection.scalar(_LOCK_PARENT, {"parent_id": parent_id})
    if count is None:
        return False
    children = connection.execute(_COUNT_CHILDREN, {"parent_id": parent_id}).one()
    if children.open == count > 0:
        return False
    connection.execute(_SET_COUNT, {"parent_id": parent_id, "open": children.open, "failed": children.failed})
    if children.open == 0:
        hand_on(connection, parent_id, "mended: no child was open")
    return True


def ended_predecessors(connection: Connection, batch: int = 100) -> list[tuple[uuid.UUID, bool]]:
    """List jobs that have ended while others still wait for them, each with whether it completed."""
    ended = {"ended": [status.value for status in ENDED], "batch": batch}
    return [(row[0], row[1] == JobStatus.COMPLETED) for row in connection.execute(_ENDED_PREDECESSORS, ended)]


def void_all_leases(connection: Connection) -> int:
    """Hand every running job back and forget every mark, with no retry used up; returns how many ran.

    Only for one who knows that no worker is alive: the holder of a standalone's data directory.
    """
    voided = move(connection, _VOID_LEASES, {"cause": "handed back at start"})
    connection.execute(_VOID_MARKS)
    return len(voided)


def put_off_pending(connection: Connection, seconds: float) -> int:
    """Make every pending job due in so many seconds, or now; returns how many there are. For that same holder."""
    return connection.execute(_PUT_OFF, {"seconds": seconds}).rowcount
