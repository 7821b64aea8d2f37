"""What users ask of the queue: put a job in, take it back, try it again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, insert, text
from uuid_utils.compat import uuid7

from mailsift.shared.db.tables import Job
from mailsift.shared.jobs.catalog import ROUTES
from mailsift.shared.jobs.job import Child, ClaimedJob, NewJob
from mailsift.shared.jobs.repository.moves import RELEASE, RETURNING, moved
from mailsift.shared.jobs.states import RETRYABLE, JobStatus

DUE_CHANNEL = "jobs_due"
PROGRESS_CHANNEL = "job_progress"

_ENDED_BADLY = "status IN ({})".format(", ".join(f"'{status}'" for status in sorted(RETRYABLE)))

# Held while it is decided what to do: a job that moves between two looks would be in neither of the states asked for.
_LOCK = text("""SELECT status FROM "jobQueue" WHERE "jobId" = :job_id FOR NO KEY UPDATE""")

_CANCEL_PENDING = text(f"""
    UPDATE "jobQueue" SET status = 'cancelled', "cancelRequestedAt" = clock_timestamp(), "errorCode" = NULL,
        "errorMessage" = NULL, "retryAfter" = NULL, "completedAt" = clock_timestamp(), {RELEASE}
    WHERE "jobId" = :job_id AND status = 'pending' RETURNING {RETURNING}""")

_MARK_CANCELLED = text("""
    UPDATE "jobQueue" SET "cancelRequestedAt" = coalesce("cancelRequestedAt", clock_timestamp())
    WHERE "jobId" = :job_id AND status = 'processing'""")

# Locked before its children, which is safe because those of an ended job have ended too. Of two retries at once, the
# second finds the job at work.
_LOCK_ENDED_BADLY = text(f"""
    SELECT FROM "jobQueue" WHERE "jobId" = :job_id AND "parentJobId" IS NULL
        AND {_ENDED_BADLY} FOR NO KEY UPDATE""")

# Manual retry is of the root: children that did not complete start again, and the root waits for them; a root without
# such children starts again itself, where its checkpoint left it.
_REQUEUE_CHILDREN = text(f"""
    UPDATE "jobQueue" SET status = 'pending', "retryCount" = 0, "retryAfter" = NULL, "dueAt" = clock_timestamp(),
        "cancelRequestedAt" = NULL, "errorCode" = NULL, "errorMessage" = NULL, "completedAt" = NULL, {RELEASE}
    WHERE "parentJobId" = :job_id
        AND (status = 'cancelled' OR status IN ('failed', 'dead_letter') AND "failsParent")
    RETURNING {RETURNING}""")

_REQUEUE_ROOT = text(f"""
    UPDATE "jobQueue" SET status = CASE WHEN :children > 0 THEN 'processing' ELSE 'pending' END,
        "openChildren" = :children, "failedChildren" = 0, "processedItems" = greatest("processedItems" - :items, 0),
        "retryCount" = 0, "retryAfter" = NULL, "dueAt" = clock_timestamp(), "cancelRequestedAt" = NULL,
        "errorCode" = NULL, "errorMessage" = NULL, "completedAt" = NULL, {RELEASE}
    WHERE "jobId" = :job_id AND "parentJobId" IS NULL AND {_ENDED_BADLY}
    RETURNING {RETURNING}""")


def enqueue(connection: Connection, job: NewJob) -> uuid.UUID:
    """Put a root job into the queue and wake the dispatcher when the transaction commits."""
    job_id = uuid7()
    route = ROUTES[job.job_type]
    connection.execute(
        insert(Job),
        {
            "job_id": job_id,
            "workspace_id": job.workspace_id,
            "user_id": job.user_id,
            **asdict(job.subject),
            "job_type": job.job_type.value,
            "queue": route.queue,
            "payload": dict(job.payload),
            "priority": route.priority,
            "trace_id": job.trace_id,
            "max_retries": route.max_retries,
            "max_runtime_seconds": route.max_runtime_seconds,
        },
    )
    _queued(connection, [job_id])
    notify_due(connection)
    return job_id


def insert_children(connection: Connection, parent: ClaimedJob, children: Sequence[Child]) -> None:
    """Put the children of a claimed parent into the queue; the unique key refuses a phase that is planned twice."""
    rows = [_child_row(parent, child) for child in children]
    connection.execute(insert(Job), rows)
    _queued(connection, [row["job_id"] for row in rows])


def _child_row(parent: ClaimedJob, child: Child) -> dict[str, Any]:
    route = ROUTES[child.job_type]
    return {
        "job_id": uuid7(),
        "workspace_id": parent.workspace_id,
        "user_id": parent.user_id,
        **asdict(parent.subject),
        "parent_job_id": parent.ref.job_id,
        "child_key": child.key,
        "job_type": child.job_type.value,
        "queue": route.queue,
        "payload": dict(child.payload),
        "priority": parent.priority,
        "trace_id": parent.trace_id,
        "total_items": child.total_items,
        "max_retries": route.max_retries,
        "max_runtime_seconds": route.max_runtime_seconds,
        "fails_parent": route.fails_parent,
    }


def _queued(connection: Connection, job_ids: Sequence[uuid.UUID]) -> None:
    connection.execute(
        text("""INSERT INTO "jobEvents" ("jobId", attempt, status, cause)
                SELECT unnest(CAST(:job_ids AS uuid[])), 0, 'pending', 'queued'"""),
        {"job_ids": [str(job_id) for job_id in job_ids]},
    )


def request_cancel(connection: Connection, job_id: uuid.UUID) -> JobStatus | None:
    """Cancel a pending job at once, or mark a running one: its worker or the dispatcher ends it.

    Returns the state the job is in now; None when there is no such job.
    """
    status = connection.scalar(_LOCK, {"job_id": job_id})
    if status == JobStatus.PENDING:
        row = connection.execute(_CANCEL_PENDING, {"job_id": job_id}).mappings().one()
        moved(connection, row, "cancelled by the user")
        notify_progress(connection, job_id)
        return JobStatus.CANCELLED
    if status == JobStatus.PROCESSING:
        connection.execute(_MARK_CANCELLED, {"job_id": job_id})
        notify_due(connection)
    return None if status is None else JobStatus(status)


def retry(connection: Connection, job_id: uuid.UUID) -> bool:
    """Put a root job that ended badly back to work; False when it is no root or did not end badly."""
    if connection.execute(_LOCK_ENDED_BADLY, {"job_id": job_id}).first() is None:
        return False
    children = connection.execute(_REQUEUE_CHILDREN, {"job_id": job_id}).mappings().all()
    root = (
        connection.execute(
            _REQUEUE_ROOT,
            {
                "job_id": job_id,
                "children": len(children),
                "items": sum(child["totalItems"] or 0 for child in children),
            },
        )
        .mappings()
        .all()
    )
    for row in (*children, *root):
        moved(connection, row, "retried by the user")
    notify_due(connection)
    return True


def notify_due(connection: Connection) -> None:
    """Wake the dispatcher when this transaction commits."""
    connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": DUE_CHANNEL})


def notify_progress(connection: Connection, root_id: uuid.UUID) -> None:
    """Wake those who watch a root job when this transaction commits."""
    connection.execute(text("SELECT pg_notify(:channel, :root)"), {"channel": PROGRESS_CHANNEL, "root": str(root_id)})
