"""What a worker writes: the claim, and after it nothing without the lease's token."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from mailsift.shared.db.prepared import Prepared
from mailsift.shared.errors import JobCancelled, LeaseLost
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Child, ClaimedJob, Ref, Subject
from mailsift.shared.jobs.repository.moves import PROGRESS, RELEASE, move, moving
from mailsift.shared.jobs.repository.queueing import insert_children, notify_progress
from mailsift.shared.jobs.retry import CANCELLED, Ending
from mailsift.shared.jobs.states import JobStatus

# `attempt` is what the message carries: a repeated or late message names an attempt that was claimed already. A claim
# that a crash of the server undoes was only a claim, and the fence knows it no more: it need not wait for the disk.
_CLAIM = Prepared(
    "job_claim",
    moving(
        """
    UPDATE "jobQueue" j SET status = 'processing', attempt = attempt + 1,
        "leaseToken" = gen_random_uuid(), "leaseUntil" = clock_timestamp() + make_interval(secs => :lease),
        "backendPid" = :backend_pid, "backendStart" = :backend_start,
        "workerId" = :worker_id, "heartbeatAt" = clock_timestamp(), "attemptStartedAt" = clock_timestamp(),
        "startedAt" = coalesce("startedAt", clock_timestamp()),
        "stepStartedAt" = clock_timestamp(), "stepStartedItems" = "processedItems",
        "dispatchedAt" = coalesce("dispatchedAt", clock_timestamp()), "updatedAt" = clock_timestamp()
    WHERE "jobId" = :job_id AND status = 'pending' AND attempt = :attempt
        AND NOT EXISTS (SELECT FROM "pausedQueues" p WHERE p.queue = j.queue)""",
        by_worker=True,
        returning="""
        j."leaseToken", j."jobType", j."workspaceId", j."userId", j.payload, j.checkpoint, j."retryCount",
        j."maxRetries", j.priority, j."traceId", j."traceContext",
        (SELECT p."traceContext" FROM "jobQueue" p WHERE p."jobId" = j."afterJobId") AS follows,
        extract(epoch FROM clock_timestamp() - greatest(j."dueAt", j."createdAt"))::float AS waited""",
        select="set_config('synchronous_commit', 'off', true)",
    ),
    {
        "job_id": "uuid",
        "attempt": "integer",
        "worker_id": "text",
        "lease": "double precision",
        "backend_pid": "integer",
        "backend_start": "timestamptz",
        "cause": "text",
    },
)

_BACKEND = text("SELECT pg_backend_pid(), backend_start FROM pg_stat_get_activity(pg_backend_pid())")

_FENCE = text(f"""
    UPDATE "jobQueue" SET checkpoint = coalesce(CAST(:checkpoint AS jsonb), checkpoint),
        "processedItems" = coalesce(:processed, "processedItems"),
        progress = {PROGRESS.format(processed='coalesce(:processed, "processedItems")', total='"totalItems"')},
        "updatedAt" = clock_timestamp()
    WHERE "jobId" = :job_id AND "leaseToken" = :token
    RETURNING "cancelRequestedAt" IS NOT NULL AS cancelled""")

_COMPLETE = Prepared(
    "job_complete",
    moving(
        f"""
    UPDATE "jobQueue" j SET status = 'completed', progress = 100, "currentStep" = 'completed',
        "processedItems" = coalesce("totalItems", "processedItems"), result = CAST(:result AS jsonb),
        "errorCode" = NULL, "errorMessage" = NULL, "retryAfter" = NULL, "completedAt" = clock_timestamp(), {RELEASE}
    WHERE "jobId" = :job_id AND "leaseToken" = :token""",
        by_worker=True,
        ends=True,
    ),
    {"job_id": "uuid", "token": "uuid", "result": "jsonb", "cause": "text"},
)

_WAIT = text(f"""
    UPDATE "jobQueue" SET "currentStep" = :step, "openChildren" = :children, "failedChildren" = 0,
        "errorCode" = NULL, "errorMessage" = NULL, "retryAfter" = NULL,
        "totalItems" = :total, "processedItems" = 0, "stepStartedAt" = clock_timestamp(), "stepStartedItems" = 0,
        progress = greatest(progress, :progress_from), "progressFrom" = :progress_from, "progressTo" = :progress_to,
        checkpoint = CAST(:checkpoint AS jsonb), {RELEASE}
    WHERE "jobId" = :job_id AND "leaseToken" = :token
    RETURNING "cancelRequestedAt" IS NOT NULL AS cancelled""")

_RELEASE_FAILED = text(
    moving(
        f"""
    UPDATE "jobQueue" j SET status = :status, "errorCode" = :code, "errorMessage" = :message,
        "retryCount" = "retryCount" + :failures,
        "retryAfter" = CASE WHEN :status = 'pending' THEN clock_timestamp() + make_interval(secs => :delay) END,
        "dueAt" = clock_timestamp() + make_interval(secs => :delay),
        "completedAt" = CASE WHEN :status = 'pending' THEN NULL ELSE clock_timestamp() END, {RELEASE}
    WHERE "jobId" = :job_id AND "leaseToken" = :token""",
        by_worker=True,
        ends=True,
    )
)

_MINE_PROGRESS = PROGRESS.format(
    processed='coalesce(mine.processed, "processedItems")', total='coalesce(mine.total, "totalItems")'
)

# SKIP LOCKED: a job whose own transaction is at its fence renews at the next beat, and nobody waits.
_RENEW = text(f"""
    WITH beat AS (
        SELECT * FROM unnest(CAST(:tokens AS uuid[]), CAST(:processed AS bigint[]), CAST(:totals AS bigint[]),
                             CAST(:steps AS text[])) AS b(token, processed, total, step)
    ), mine AS (
        SELECT "jobId", beat.* FROM "jobQueue" JOIN beat ON "leaseToken" = beat.token
        FOR NO KEY UPDATE OF "jobQueue" SKIP LOCKED
    )
    UPDATE "jobQueue" j SET
        "leaseUntil" = CASE WHEN :extend THEN clock_timestamp() + make_interval(secs => :lease) ELSE "leaseUntil" END,
        "heartbeatAt" = clock_timestamp(),
        "processedItems" = coalesce(mine.processed, "processedItems"),
        "totalItems" = coalesce(mine.total, "totalItems"),
        "currentStep" = coalesce(mine.step, "currentStep"),
        progress = {_MINE_PROGRESS}
    FROM mine WHERE j."jobId" = mine."jobId" RETURNING mine.token""")

_STILL_MINE = text("""
    SELECT "leaseToken" AS token, "cancelRequestedAt" IS NOT NULL AS cancelled
    FROM "jobQueue" WHERE "leaseToken" = ANY(CAST(:tokens AS uuid[]))""")


@dataclass(frozen=True, slots=True)
class Beat:
    """What one running job has to tell: None leaves the row as it is."""

    token: uuid.UUID
    processed: int | None = None
    total: int | None = None
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a parent shows while its children work, and the checkpoint it goes on from when they have ended."""

    step: str
    progress_from: int
    progress_to: int
    total_items: int
    checkpoint: Mapping[str, Any]


def claim(
    connection: Connection, job_id: uuid.UUID, attempt: int, worker_id: str, lease_seconds: float
) -> ClaimedJob | None:
    """Take a pending job; None when another message took this attempt, or the job is gone or over."""
    rows = move(
        connection,
        _CLAIM,
        {"job_id": job_id, "attempt": attempt, "worker_id": worker_id, "lease": lease_seconds, "cause": "claimed"}
        | _backend(connection),
    )
    return _claimed(rows[0]) if rows else None


def _backend(connection: Connection) -> dict[str, Any]:
    # Asked once for each connection: the reaper ends this one, and no later one that has its number.
    if "backend" not in connection.info:
        pid, start = connection.execute(_BACKEND).one()
        connection.info["backend"] = {"backend_pid": pid, "backend_start": start}
    return dict(connection.info["backend"])


def fence(connection: Connection, ref: Ref, checkpoint: Mapping[str, Any] | None, processed: int | None) -> bool:
    """Write the checkpoint with the lease's token; returns whether the user asked to cancel. Raises LeaseLost."""
    parameters = {"checkpoint": _json(checkpoint), "processed": processed}
    row = connection.execute(_FENCE, {**parameters, **key_of(ref)}).first()
    if row is None:
        raise LeaseLost
    return bool(row.cancelled)


def complete(connection: Connection, ref: Ref, result: Mapping[str, Any] | None) -> None:
    """End the job well, and with it its part of its parent. Raises LeaseLost."""
    if not move(connection, _COMPLETE, {"result": _json(result), "cause": "completed", **key_of(ref)}):
        raise LeaseLost


def wait_for_children(connection: Connection, parent: ClaimedJob, children: Sequence[Child], waiting: Waiting) -> None:
    """Insert a phase's children and give the lease up until they have ended. Raises LeaseLost, JobCancelled."""
    insert_children(connection, parent, children)
    row = connection.execute(
        _WAIT,
        {
            "step": waiting.step,
            "children": len(children),
            "total": waiting.total_items,
            "progress_from": waiting.progress_from,
            "progress_to": waiting.progress_to,
            "checkpoint": _json(waiting.checkpoint),
            **key_of(parent.ref),
        },
    ).first()
    if row is None:
        raise LeaseLost
    if row.cancelled:
        raise JobCancelled


def release(connection: Connection, ref: Ref, ending: Ending) -> JobStatus:
    """End an attempt that did not complete; returns where its job is now. Raises LeaseLost.

    A job that the user has taken back meanwhile does not go back into the queue: it is cancelled.
    """
    if ending.status is JobStatus.PENDING and fence(connection, ref, None, None):
        ending = CANCELLED
    if not move(
        connection,
        _RELEASE_FAILED,
        {
            "status": ending.status.value,
            "code": ending.code,
            "message": ending.message,
            "failures": int(ending.failed),
            "delay": ending.delay,
            "cause": ending.cause,
            **key_of(ref),
        },
    ):
        raise LeaseLost
    return ending.status


def renew(
    connection: Connection, beats: Sequence[Beat], roots: set[uuid.UUID], *, lease_seconds: float, extend: bool
) -> set[uuid.UUID]:
    """Write the progress of all of a process's jobs, extend their leases when `extend`; returns whom it reached."""
    renewed = connection.scalars(
        _RENEW,
        {
            "tokens": [str(beat.token) for beat in beats],
            "processed": [beat.processed for beat in beats],
            "totals": [beat.total for beat in beats],
            "steps": [beat.step for beat in beats],
            "lease": lease_seconds,
            "extend": extend,
        },
    ).all()
    for root in roots:
        notify_progress(connection, root)
    return set(renewed)


def still_valid(connection: Connection, tokens: Sequence[uuid.UUID]) -> dict[uuid.UUID, bool]:
    """Return the tokens that still own a job, each with whether the user asked to cancel; a missing one is lost."""
    rows = connection.execute(_STILL_MINE, {"tokens": [str(token) for token in tokens]})
    return {row.token: bool(row.cancelled) for row in rows}


def write_log(connection: Connection, job: ClaimedJob, lines: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
    """Keep what an attempt has to say: (level, message, details)."""
    attempt = {"job_id": job.ref.job_id, "attempt": job.attempt}
    connection.execute(
        text("""INSERT INTO "jobLogs" ("jobId", attempt, level, message, metadata)
                VALUES (:job_id, :attempt, :level, :message, CAST(:details AS jsonb))"""),
        [
            attempt | {"level": level, "message": message, "details": _json(details)}
            for level, message, details in lines
        ],
    )


def _claimed(row: RowMapping) -> ClaimedJob:
    return ClaimedJob(
        ref=Ref(row["jobId"], row["leaseToken"]),
        job_type=JobType(row["jobType"]),
        workspace_id=row["workspaceId"],
        user_id=row["userId"],
        subject=Subject(row["uploadId"], row["analysisId"], row["exportId"]),
        parent_job_id=row["parentJobId"],
        payload=row["payload"],
        checkpoint=row["checkpoint"],
        attempt=row["attempt"],
        retry_count=row["retryCount"],
        max_retries=row["maxRetries"],
        priority=row["priority"],
        trace_id=row["traceId"],
        trace_context=row["traceContext"],
        follows=row["follows"],
        waited_seconds=max(row["waited"], 0.0),
    )


def key_of(ref: Ref) -> dict[str, uuid.UUID]:
    """Bind the job and the token that every fenced statement names."""
    return {"job_id": ref.job_id, "token": ref.lease_token}


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(dict(value))
