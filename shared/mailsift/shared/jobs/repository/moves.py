"""What follows from any end of a job, whoever brought it about: its event, its subject, its parent."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, RowMapping, text

from mailsift.shared.jobs.states import ENDED, JobStatus, subject_status

# The columns that follow-ups need, returned by every statement that moves a job.
RETURNING = """
    "jobId", "parentJobId", "uploadId", "analysisId", "exportId", attempt, status, "workerId", "errorCode",
    "errorMessage", "failsParent", "totalItems", "openChildren" """

# A job that leaves `processing` loses its lease, and a job that becomes due again forgets that it was sent.
RELEASE = """
    "leaseToken" = NULL, "leaseUntil" = NULL, "backendPid" = NULL, "backendStart" = NULL,
    "dispatchedAt" = NULL, "dispatchToken" = NULL, "updatedAt" = clock_timestamp()"""

PROGRESS = """greatest(progress, "progressFrom" + floor(("progressTo" - "progressFrom")
    * least(1, coalesce({processed}::numeric / nullif({total}, 0), 0)))::integer)"""

_EVENT = text("""
    INSERT INTO "jobEvents" ("jobId", attempt, status, cause, "workerId")
    VALUES (:job_id, :attempt, :status, :cause, :worker_id)""")

# The open count falls only in the transaction in which the child's own row changed, so no redelivery can lower it
# twice. Who brings it to zero hands the parent on: to its next phase, or to its end.
_CLOSE_CHILDREN = text(f"""
    UPDATE "jobQueue" SET
        "openChildren" = "openChildren" - :closed,
        "failedChildren" = "failedChildren" + :failed,
        "processedItems" = "processedItems" + :items,
        progress = {PROGRESS.format(processed='("processedItems" + :items)', total='"totalItems"')},
        status = CASE
            WHEN "openChildren" > :closed THEN status
            WHEN "cancelRequestedAt" IS NOT NULL THEN 'cancelled'
            WHEN "failedChildren" + :failed > 0 THEN 'failed'
            ELSE 'pending' END,
        "errorCode" = coalesce(:code, "errorCode"),
        "errorMessage" = coalesce(:message, "errorMessage"),
        "dueAt" = clock_timestamp(),
        "completedAt" = CASE WHEN "openChildren" = :closed
            AND ("cancelRequestedAt" IS NOT NULL OR "failedChildren" + :failed > 0) THEN clock_timestamp() END,
        "dispatchedAt" = NULL, "dispatchToken" = NULL, "updatedAt" = clock_timestamp()
    WHERE "jobId" = :parent_id AND status = 'processing' AND "leaseToken" IS NULL AND "openChildren" >= :closed
    RETURNING {RETURNING}""")

_SUBJECTS = (("upload", "uploads"), ("analysis", "analyses"), ("export", "exports"))


def moved(connection: Connection, row: RowMapping, cause: str) -> None:
    """Record that a job is in a new state and carry its subject and its parent along."""
    connection.execute(
        _EVENT,
        {
            "job_id": row["jobId"],
            "attempt": row["attempt"],
            "status": row["status"],
            "cause": cause,
            "worker_id": row["workerId"],
        },
    )
    if row["parentJobId"] is None:
        _follow(connection, row)
    elif JobStatus(row["status"]) in ENDED:
        _close_child(connection, row)


def close_children(  # noqa: PLR0913 - the columns it changes
    connection: Connection,
    parent_id: uuid.UUID,
    closed: int,
    *,
    items: int = 0,
    failed: int = 0,
    code: str | None = None,
    message: str | None = None,
) -> None:
    """Lower a parent's open count by the children whose rows this transaction changed."""
    parent = (
        connection.execute(
            _CLOSE_CHILDREN,
            {
                "parent_id": parent_id,
                "closed": closed,
                "items": items,
                "failed": failed,
                "code": code,
                "message": message,
            },
        )
        .mappings()
        .first()
    )
    if parent is not None and parent["openChildren"] == 0:
        moved(connection, parent, "children ended")


def _close_child(connection: Connection, row: RowMapping) -> None:
    failed = row["failsParent"] and row["status"] in {JobStatus.FAILED, JobStatus.DEAD_LETTER}
    close_children(
        connection,
        row["parentJobId"],
        1,
        items=row["totalItems"] or 0,
        failed=int(failed),
        code=row["errorCode"] if failed else None,
        message=row["errorMessage"] if failed else None,
    )


def _follow(connection: Connection, row: RowMapping) -> None:
    status = JobStatus(row["status"])
    for word, table in _SUBJECTS:
        if row[f"{word}Id"] is None:
            continue
        connection.execute(
            text(f"""
                UPDATE {table} SET status = :status, "errorCode" = :code, "errorMessage" = :message,
                    "updatedAt" = clock_timestamp(),
                    "startedAt" = CASE WHEN :started THEN coalesce("startedAt", clock_timestamp()) ELSE "startedAt" END,
                    "completedAt" = CASE WHEN :ended THEN clock_timestamp() END
                WHERE "{word}Id" = :id AND status <> :status AND NOT (:waits AND status = 'processing')"""),
            {
                "id": row[f"{word}Id"],
                "status": subject_status(status),
                "code": row["errorCode"] if status in ENDED else None,
                "message": row["errorMessage"] if status in ENDED else None,
                "started": status is JobStatus.PROCESSING,
                "ended": status in ENDED,
                # Between two tries or two phases its subject is still being worked on.
                "waits": status is JobStatus.PENDING,
            },
        )
