"""What follows from any move of a job, whoever made it: its history, its subject, its parent, its followers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, TextClause, text

from mailsift.shared.db.prepared import Prepared
from mailsift.shared.jobs.repository.outbox import EVENT, OUTBOX
from mailsift.shared.jobs.states import ENDED, RETRYABLE, JobStatus

# The columns that follow-ups need, returned by every statement that moves a job.
_RETURNING = """
    j."jobId", j."parentJobId", j."uploadId", j."analysisId", j."exportId", j.attempt, j.status, j."workerId",
    j."errorCode", j."errorMessage", j."failsParent", j."totalItems", j."openChildren", j."hasFollowers" """

_TELLING = f'j."workspaceId", j."jobType", j.result, j."traceContext", {EVENT} AS event'

# A job that leaves `processing` loses its lease, and a job that becomes due again forgets that it was sent.
RELEASE = """
    "leaseToken" = NULL, "leaseUntil" = NULL, "backendPid" = NULL, "backendStart" = NULL,
    "dispatchedAt" = NULL, "dispatchToken" = NULL, "updatedAt" = clock_timestamp()"""

PROGRESS = """greatest(progress, "progressFrom" + floor(("progressTo" - "progressFrom")
    * least(1, coalesce({processed}::numeric / nullif({total}, 0), 0)))::integer)"""

PREREQUISITE_FAILED = "prerequisite_failed"

_ENDED = ", ".join(f"'{status}'" for status in sorted(ENDED))

# An upload, an analysis or an export shows the state of its root job; between two tries or two phases it is still
# being worked on. A preview stays one until it is started, and says only what went wrong.
_SUBJECT = """followed_{word} AS (
        UPDATE {table} s SET
            status = CASE WHEN s.status = 'preview' THEN 'preview' WHEN m.status = 'dead_letter' THEN 'failed'
                ELSE m.status END,
            "errorCode" = CASE WHEN m.status IN ({ended}) THEN m."errorCode" END,
            "errorMessage" = CASE WHEN m.status IN ({ended}) THEN m."errorMessage" END,
            "updatedAt" = clock_timestamp(),
            "startedAt" = CASE m.status WHEN 'processing' THEN coalesce(s."startedAt", clock_timestamp())
                ELSE s."startedAt" END,
            "completedAt" = CASE WHEN m.status IN ({ended}) THEN clock_timestamp() END
        FROM moved m
        WHERE m."parentJobId" IS NULL AND s."{word}Id" = m."{word}Id"
            AND s.status <> CASE m.status WHEN 'dead_letter' THEN 'failed' ELSE m.status END
            AND NOT (m.status = 'pending' AND s.status = 'processing')
    )"""

_SUBJECTS = ", ".join(
    _SUBJECT.format(word=word, table=table, ended=_ENDED)
    for word, table in (("upload", "uploads"), ("analysis", "analyses"), ("export", "exports"))
)


def moving(update: str, *, by_worker: bool = False, ends: bool = False, returning: str = "", select: str = "") -> str:
    """Complete an UPDATE of "jobQueue" j that moves jobs: history and subjects change in the same statement.

    One that `ends` jobs also writes down what webhooks are told of it. The statement takes `cause`, and returns the
    columns that follow-ups need, `returning` (of j) and `select`.
    """
    returning = ", ".join(filter(None, (returning, _TELLING if ends else "")))
    return f"""
    WITH moved AS ({update}
        RETURNING {_RETURNING}{"," if returning else ""} {returning}
    ), noted AS (
        INSERT INTO "jobEvents" ("jobId", attempt, status, cause, "workerId", "createdAt")
        SELECT "jobId", attempt, status, :cause, {'"workerId"' if by_worker else "NULL"}, clock_timestamp() FROM moved
    ), {_SUBJECTS}{f", {OUTBOX}" if ends else ""}
    SELECT moved.*{"," if select else ""} {select} FROM moved"""


# The open count falls only in the transaction in which the children's own rows changed, so no redelivery can lower it
# twice.
_CLOSE_CHILDREN = text(f"""
    UPDATE "jobQueue" SET
        "openChildren" = "openChildren" - :closed,
        "failedChildren" = "failedChildren" + :failed,
        "processedItems" = "processedItems" + :items,
        progress = {PROGRESS.format(processed='("processedItems" + :items)', total='"totalItems"')},
        "errorCode" = coalesce(:code, "errorCode"),
        "errorMessage" = coalesce(:message, "errorMessage"),
        "updatedAt" = clock_timestamp()
    WHERE "jobId" = :parent_id AND status = 'processing' AND "leaseToken" IS NULL AND "openChildren" >= :closed
    RETURNING "openChildren" """)

# Who brings the count to zero hands the parent on: to its next phase, or to its end.
_HAND_ON = text(
    moving(
        """
    UPDATE "jobQueue" j SET
        status = CASE
            WHEN "cancelRequestedAt" IS NOT NULL THEN 'cancelled'
            WHEN "failedChildren" > 0 THEN 'failed'
            ELSE 'pending' END,
        "errorCode" = CASE WHEN "cancelRequestedAt" IS NULL AND "failedChildren" > 0
            THEN coalesce("errorCode", 'part_cancelled') ELSE "errorCode" END,
        "completedAt" = CASE WHEN "cancelRequestedAt" IS NOT NULL OR "failedChildren" > 0 THEN clock_timestamp() END,
        "dueAt" = clock_timestamp(), "dispatchedAt" = NULL, "dispatchToken" = NULL, "updatedAt" = clock_timestamp()
    WHERE "jobId" = :parent_id AND status = 'processing' AND "leaseToken" IS NULL AND "openChildren" = 0""",
        ends=True,
    )
)

_ARM_FOLLOWERS = text("""
    UPDATE "jobQueue" SET "dueAt" = greatest(clock_timestamp(), coalesce("scheduledFor", clock_timestamp()))
    WHERE "afterJobId" = :job_id AND status = 'pending' AND "dueAt" = 'infinity'""")

_CANCEL_FOLLOWERS = text(
    moving(f"""
    UPDATE "jobQueue" j SET status = 'cancelled', "errorCode" = '{PREREQUISITE_FAILED}',
        "errorMessage" = 'the job it waited for did not complete', "completedAt" = clock_timestamp(), {RELEASE}
    WHERE "afterJobId" = :job_id AND status = 'pending' AND "dueAt" = 'infinity'""")
)


def move(
    connection: Connection, statement: TextClause | Prepared, parameters: Mapping[str, Any]
) -> Sequence[RowMapping]:
    """Execute a statement made by `moving`, and carry parents and followers of what ended along; returns what moved."""
    if isinstance(statement, Prepared):
        rows = statement.execute(connection, parameters)
    else:
        rows = connection.execute(statement, dict(parameters)).mappings().all()
    ended = [row for row in rows if row["status"] in ENDED]
    _close_children(connection, [row for row in ended if row["parentJobId"] is not None])
    for row in ended:
        if row["hasFollowers"]:
            settle_followers(connection, row["jobId"], completed=row["status"] == JobStatus.COMPLETED)
    return rows


def settle_followers(connection: Connection, job_id: uuid.UUID, *, completed: bool) -> int:
    """Let the jobs that waited for one begin, or end them with it; returns how many there were."""
    if completed:
        return connection.execute(_ARM_FOLLOWERS, {"job_id": job_id}).rowcount
    cause = "the job it waited for did not complete"
    return len(move(connection, _CANCEL_FOLLOWERS, {"job_id": job_id, "cause": cause}))


def hand_on(connection: Connection, parent_id: uuid.UUID, cause: str = "children ended") -> bool:
    """Let a parent without open children go on, or end; False when it is not waiting any more."""
    return bool(move(connection, _HAND_ON, {"parent_id": parent_id, "cause": cause}))


def _close_children(connection: Connection, children: Sequence[RowMapping]) -> None:
    # Of several parents, always in the same order.
    for parent_id in sorted({child["parentJobId"] for child in children}):
        closed = [child for child in children if child["parentJobId"] == parent_id]
        fatal = [child for child in closed if child["failsParent"] and child["status"] in RETRYABLE]
        left = connection.scalar(
            _CLOSE_CHILDREN,
            {
                "parent_id": parent_id,
                "closed": len(closed),
                "failed": len(fatal),
                "items": sum(child["totalItems"] or 0 for child in closed),
                "code": fatal[0]["errorCode"] if fatal else None,
                "message": fatal[0]["errorMessage"] if fatal else None,
            },
        )
        if left == 0:
            hand_on(connection, parent_id)
