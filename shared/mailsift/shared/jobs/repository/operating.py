"""What an operator does to the queue: hold queues back, put dead letters back to work, take a job back."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, text

from mailsift.shared.jobs.catalog import DELIVERY_QUEUE
from mailsift.shared.jobs.repository import outbox
from mailsift.shared.jobs.repository.queueing import notify_due, request_cancel, retry
from mailsift.shared.jobs.states import JobStatus

CANCELLED_BY_OPERATOR = "cancelled by the operator"
REDRIVEN = "redriven by the operator"
RETRIED = "retried by the operator"

_PAUSE = text("""
    INSERT INTO "pausedQueues" (queue, reason) VALUES (:queue, :reason) ON CONFLICT (queue) DO NOTHING""")

_CHANGE_REASON = text("""UPDATE "pausedQueues" SET reason = :reason WHERE queue = :queue""")

_RESUME = text("""DELETE FROM "pausedQueues" WHERE queue = :queue""")

# Who has the row now claims it, cancels it, or sends it: then it needs nothing of us.
_UNMARK = text("""
    WITH marked AS (
        SELECT "jobId" FROM "jobQueue" WHERE queue = :queue AND status = 'pending' AND "dispatchedAt" IS NOT NULL
        FOR UPDATE SKIP LOCKED
    )
    UPDATE "jobQueue" j SET "dispatchedAt" = NULL, "dispatchToken" = NULL
    FROM marked WHERE j."jobId" = marked."jobId" """)

# Since it was listed, somebody else may have retried it, deleted it, or retried and taken it back. What the user has
# taken back is no dead letter any more.
_LOCK_DEAD_ROOT = text("""
    SELECT FROM "jobQueue" r WHERE "jobId" = :root_id AND "parentJobId" IS NULL AND "deletedAt" IS NULL
        AND (status = 'dead_letter' OR status = 'failed' AND EXISTS (
            SELECT FROM "jobQueue" d
            WHERE d."parentJobId" = r."jobId" AND d.status = 'dead_letter' AND d."failsParent"))
    FOR NO KEY UPDATE""")

# Its worker, or the dispatcher, writes the end of a running job, and knows only that it is not wanted any more.
_NOTE_CANCELLED = text(f"""
    INSERT INTO "jobLogs" ("jobId", attempt, level, message)
    SELECT "jobId", attempt, 'warning', '{CANCELLED_BY_OPERATOR}' FROM "jobQueue" WHERE "jobId" = :job_id""")


def pause(connection: Connection, queue: str, reason: str | None) -> bool:
    """Hold a queue back: none of its jobs is sent, none begins; False when it was paused already.

    What runs goes on to its end. Jobs whose hint is out are taken back, or they would count as under way.
    """
    parameters = {"queue": queue, "reason": reason}
    paused = connection.execute(_PAUSE, parameters).rowcount > 0
    if not paused and reason is not None:
        connection.execute(_CHANGE_REASON, parameters)
    _take_hints_back(connection, queue)
    return paused


def resume(connection: Connection, queue: str) -> bool:
    """Let a queue go on; False when it was not paused. Hints that were refused meanwhile are sent again at once."""
    resumed = connection.execute(_RESUME, {"queue": queue}).rowcount > 0
    if resumed:
        _take_hints_back(connection, queue)
        notify_due(connection)
    return resumed


def _take_hints_back(connection: Connection, queue: str) -> None:
    if queue == DELIVERY_QUEUE:
        outbox.take_hints_back(connection)
    else:
        connection.execute(_UNMARK, {"queue": queue})


def redrive(connection: Connection, root_id: uuid.UUID) -> bool:
    """Put a root job back to work that is a dead letter or failed by one; False when it has moved meanwhile."""
    if connection.execute(_LOCK_DEAD_ROOT, {"root_id": root_id}).first() is None:
        return False
    return retry(connection, root_id, REDRIVEN)


def retry_one(connection: Connection, job_id: uuid.UUID) -> bool:
    """Put any root job that ended badly back to work; False when it is no root or did not end badly."""
    return retry(connection, job_id, RETRIED)


def cancel(connection: Connection, job_id: uuid.UUID) -> JobStatus | None:
    """Take a root job back; returns the state it is in now, None when there is none."""
    status = request_cancel(connection, job_id, CANCELLED_BY_OPERATOR)
    if status is JobStatus.PROCESSING:
        connection.execute(_NOTE_CANCELLED, {"job_id": job_id})
    return status
