"""What users ask of the queue: put a job in, take it back, try it again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, text
from uuid_utils.compat import uuid7

from mailsift.shared.db.prepared import Prepared
from mailsift.shared.db.tables import Job
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.catalog import ROUTES
from mailsift.shared.jobs.job import Child, ClaimedJob, NewJob
from mailsift.shared.jobs.repository.moves import PREREQUISITE_FAILED, RELEASE, move, moving
from mailsift.shared.jobs.retry import CANCELLED
from mailsift.shared.jobs.states import RETRYABLE, JobStatus

DUE_CHANNEL = "jobs_due"
PROGRESS_CHANNEL = "job_progress"

_ENDED_BADLY = "status IN ({})".format(", ".join(f"'{status}'" for status in sorted(RETRYABLE)))

# One that waits for another is due when that one has completed.
_ENQUEUE = text("""
    INSERT INTO "jobQueue" ("jobId", "workspaceId", "userId", "uploadId", "analysisId", "exportId", "jobType", queue,
        payload, priority, "traceId", "maxRetries", "maxRuntimeSeconds", "scheduledFor", "afterJobId", "deadlineAt",
        "requestedAs", "traceContext", "dueAt")
    VALUES (:job_id, :workspace_id, :user_id, :upload_id, :analysis_id, :export_id, :job_type, :queue,
        CAST(:payload AS jsonb), :priority, :trace_id, :max_retries, :max_runtime_seconds, :scheduled_for,
        :after_job_id, :deadline, :requested_as, :trace_context,
        CASE WHEN :waits THEN 'infinity' ELSE greatest(clock_timestamp(), :scheduled_for) END)""")

# A statement of its own: row-level security shows the history of a job only to those who see the job, and a statement
# does not see its own rows.
_NOTE_QUEUED = Prepared(
    "jobs_queued",
    """
    WITH noted AS (
        INSERT INTO "jobEvents" ("jobId", attempt, status, cause)
        SELECT unnest(:job_ids), 0, 'pending', 'queued'
    )
    SELECT pg_notify(:channel, '') WHERE :channel IS NOT NULL""",
    {"job_ids": "uuid[]", "channel": "text"},
)

# An update, not a look: the predecessor cannot end between this and the insert without knowing that somebody waits.
_MARK_PREDECESSOR = text("""
    UPDATE "jobQueue" SET "hasFollowers" = true
    WHERE "jobId" = :job_id AND "workspaceId" = :workspace_id AND "parentJobId" IS NULL AND "deletedAt" IS NULL
    RETURNING status""")

_NOTIFY = text("SELECT pg_notify(:channel, :payload)")

_ANNOUNCE = text("""
    SELECT pg_notify(channel, payload)
    FROM unnest(CAST(:channels AS text[]), CAST(:payloads AS text[])) AS n(channel, payload)""")

# Held while it is decided what to do: a job that moves between two looks would be in neither of the states asked for.
_LOCK = text("""SELECT status FROM "jobQueue" WHERE "jobId" = :job_id FOR NO KEY UPDATE""")

_CANCEL_PENDING = text(
    moving(f"""
    UPDATE "jobQueue" j SET status = 'cancelled', "cancelRequestedAt" = clock_timestamp(), "errorCode" = NULL,
        "errorMessage" = NULL, "retryAfter" = NULL, "completedAt" = clock_timestamp(), {RELEASE}
    WHERE "jobId" = :job_id AND status = 'pending'""")
)

_MARK_CANCELLED = text("""
    UPDATE "jobQueue" SET "cancelRequestedAt" = coalesce("cancelRequestedAt", clock_timestamp())
    WHERE "jobId" = :job_id AND status = 'processing'""")

# Locked before its children, which is safe because those of an ended job have ended too. Of two retries at once, the
# second finds the job at work.
_LOCK_ENDED_BADLY = text(f"""
    SELECT FROM "jobQueue" j
    WHERE "jobId" = :job_id AND "parentJobId" IS NULL AND {_ENDED_BADLY} AND "deletedAt" IS NULL
        AND NOT EXISTS (
            SELECT FROM "jobQueue" p WHERE p."jobId" = j."afterJobId" AND p.status <> 'completed')
    FOR NO KEY UPDATE OF j""")

# Manual retry is of the root: children that did not complete start again, and the root waits for them; a root without
# such children starts again itself, where its checkpoint left it. Whoever asks for it gives it all the time it takes.
_REQUEUE_CHILDREN = text(
    moving(f"""
    UPDATE "jobQueue" j SET status = 'pending', "retryCount" = 0, "retryAfter" = NULL, "dueAt" = clock_timestamp(),
        "cancelRequestedAt" = NULL, "errorCode" = NULL, "errorMessage" = NULL, "completedAt" = NULL, {RELEASE}
    WHERE "parentJobId" = :job_id
        AND (status = 'cancelled' OR status IN ('failed', 'dead_letter') AND "failsParent")""")
)

_REQUEUE_ROOT = text(
    moving(f"""
    UPDATE "jobQueue" j SET status = CASE WHEN :children > 0 THEN 'processing' ELSE 'pending' END,
        "openChildren" = :children, "failedChildren" = 0, "processedItems" = greatest("processedItems" - :items, 0),
        "retryCount" = 0, "retryAfter" = NULL, "dueAt" = greatest(clock_timestamp(), "scheduledFor"),
        "cancelRequestedAt" = NULL, "errorCode" = NULL, "errorMessage" = NULL, "completedAt" = NULL,
        "deadlineAt" = NULL, {RELEASE}
    WHERE "jobId" = :job_id AND "parentJobId" IS NULL AND {_ENDED_BADLY}""")
)

# What was cancelled because its predecessor failed waits for it again.
_REQUEUE_FOLLOWERS = text(
    moving(f"""
    UPDATE "jobQueue" j SET status = 'pending', "dueAt" = 'infinity', "errorCode" = NULL, "errorMessage" = NULL,
        "completedAt" = NULL, "deadlineAt" = NULL, {RELEASE}
    WHERE "afterJobId" = :job_id AND status = 'cancelled' AND "errorCode" = '{PREREQUISITE_FAILED}'
        AND "deletedAt" IS NULL""")
)


def enqueue(connection: Connection, job: NewJob) -> uuid.UUID:
    """Put a root job into the queue and wake the dispatcher when the transaction commits.

    Raises PermanentError when the job that it is to wait for does not exist, or has ended badly.
    """
    job_id = uuid7()
    route = ROUTES[job.job_type]
    connection.execute(
        _ENQUEUE,
        {
            "job_id": job_id,
            "workspace_id": job.workspace_id,
            "user_id": job.user_id,
            "upload_id": job.subject.upload_id,
            "analysis_id": job.subject.analysis_id,
            "export_id": job.subject.export_id,
            "job_type": job.job_type.value,
            "queue": route.queue,
            "payload": json.dumps(dict(job.payload)),
            "priority": route.priority if job.priority is None else job.priority,
            "trace_id": job.trace_id,
            "max_retries": route.max_retries,
            "max_runtime_seconds": route.max_runtime_seconds,
            "scheduled_for": job.scheduled_for,
            "after_job_id": job.after_job_id,
            "deadline": job.deadline,
            "requested_as": job.requested_as,
            "trace_context": job.trace_context,
            "waits": _must_wait(connection, job),
        },
    )
    _NOTE_QUEUED.execute(connection, {"job_ids": [job_id], "channel": DUE_CHANNEL})
    return job_id


def _must_wait(connection: Connection, job: NewJob) -> bool:
    if job.after_job_id is None:
        return False
    predecessor = {"job_id": job.after_job_id, "workspace_id": job.workspace_id}
    status = connection.scalar(_MARK_PREDECESSOR, predecessor)
    if status is None:
        raise PermanentError("no_such_job", "the job that this one is to wait for does not exist")
    if status in RETRYABLE:
        raise PermanentError(PREREQUISITE_FAILED, f"the job that this one is to wait for is {status}")
    return bool(status != JobStatus.COMPLETED)


def insert_children(connection: Connection, parent: ClaimedJob, children: Sequence[Child]) -> None:
    """Put the children of a claimed parent into the queue; the unique key refuses a phase that is planned twice."""
    rows = [_child_row(parent, child) for child in children]
    connection.execute(insert(Job), rows)
    # Whoever inserts children announces the end of its attempt.
    _NOTE_QUEUED.execute(connection, {"job_ids": [row["job_id"] for row in rows], "channel": None})


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
        "trace_context": parent.trace_context,
        "total_items": child.total_items,
        "max_retries": route.max_retries,
        "max_runtime_seconds": route.max_runtime_seconds,
        "fails_parent": route.fails_parent,
    }


def request_cancel(connection: Connection, job_id: uuid.UUID, cause: str = CANCELLED.cause) -> JobStatus | None:
    """Cancel a pending job at once, or mark a running one: its worker or the dispatcher ends it.

    Returns the state the job is in now; None when there is no such job.
    """
    status = connection.scalar(_LOCK, {"job_id": job_id})
    if status == JobStatus.PENDING:
        move(connection, _CANCEL_PENDING, {"job_id": job_id, "cause": cause})
        notify_progress(connection, job_id)
        return JobStatus.CANCELLED
    if status == JobStatus.PROCESSING:
        connection.execute(_MARK_CANCELLED, {"job_id": job_id})
        notify_due(connection)
    return None if status is None else JobStatus(status)


def retry(connection: Connection, job_id: uuid.UUID, cause: str = "retried by the user") -> bool:
    """Put a root job that ended badly back to work; False when it is no root, did not end badly, or
    waits for one that has not completed: that one is to be retried, and takes it along.
    """
    if connection.execute(_LOCK_ENDED_BADLY, {"job_id": job_id}).first() is None:
        return False
    children = move(connection, _REQUEUE_CHILDREN, {"job_id": job_id, "cause": cause})
    items = sum(child["totalItems"] or 0 for child in children)
    parameters = {"job_id": job_id, "children": len(children), "items": items, "cause": cause}
    for root in move(connection, _REQUEUE_ROOT, parameters):
        _requeue_followers(connection, root, cause)
    notify_due(connection)
    return True


def _requeue_followers(connection: Connection, job: RowMapping, cause: str) -> None:
    if job["hasFollowers"]:
        for follower in move(connection, _REQUEUE_FOLLOWERS, {"job_id": job["jobId"], "cause": cause}):
            _requeue_followers(connection, follower, cause)


def announce(connection: Connection, roots: Collection[uuid.UUID]) -> None:
    """Wake the dispatcher and the watchers of these root jobs when this transaction commits."""
    channels = [DUE_CHANNEL, *(PROGRESS_CHANNEL for _ in roots)]
    payloads = ["", *map(str, roots)]
    connection.execute(_ANNOUNCE, {"channels": channels, "payloads": payloads})


def notify_due(connection: Connection) -> None:
    """Wake the dispatcher when this transaction commits."""
    connection.execute(_NOTIFY, {"channel": DUE_CHANNEL, "payload": ""})


def notify_progress(connection: Connection, root_id: uuid.UUID) -> None:
    """Wake those who watch a root job when this transaction commits."""
    connection.execute(_NOTIFY, {"channel": PROGRESS_CHANNEL, "payload": str(root_id)})
