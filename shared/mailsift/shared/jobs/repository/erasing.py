"""Takes a person's address out of jobs, their logs and their history."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlalchemy import Connection, text

from mailsift.shared.db.rewriting import Holds, Sought, Texts

_OF_JOB: Final = """EXISTS (SELECT FROM "jobQueue" j WHERE j."jobId" = t."jobId"
    AND j."workspaceId" = ANY(CAST(:workspaces AS uuid[])))"""

JOBS: Final = (
    Texts(
        "jobQueue",
        {
            "payload": Holds.JSON,
            "checkpoint": Holds.JSON,
            "result": Holds.JSON,
            "currentStep": Holds.TEXT,
            "errorMessage": Holds.TEXT,
        },
        't."workspaceId" = ANY(CAST(:workspaces AS uuid[]))',
    ),
    Texts("jobLogs", {"message": Holds.TEXT, "metadata": Holds.JSON}, _OF_JOB),
    Texts("jobEvents", {"cause": Holds.TEXT}, _OF_JOB),
)

# Whoever holds a lease now and began before may still write down what was read then; without a lease nobody writes.
_WRITERS: Final = """
    SELECT count(*) FROM "jobQueue" t
    WHERE status = 'processing' AND "leaseToken" IS NOT NULL AND "attemptStartedAt" <= :before AND ({within})"""

# What follows the reading of a list keeps to the time that was wished for it.
_READ_NOW: Final = """
    WITH later AS (
        SELECT t."jobId", t.attempt, t."scheduledFor" AS wished FROM "jobQueue" t JOIN uploads u USING ("uploadId")
        WHERE t."jobType" = 'file_processing' AND t.status = 'pending' AND t."scheduledFor" > clock_timestamp()
            AND u.source IN ('file', 'addresses') AND u."createdAt" < :before AND ({within})
        FOR UPDATE OF t SKIP LOCKED
    ), now AS (
        UPDATE "jobQueue" j SET "scheduledFor" = NULL, "dueAt" = clock_timestamp(), "updatedAt" = clock_timestamp()
        FROM later WHERE j."jobId" = later."jobId"
    ), told AS (
        INSERT INTO "jobLogs" ("jobId", attempt, level, message)
        SELECT "jobId", attempt, 'info', 'begins before its time: the erasure of a person waits until the list is read'
        FROM later
    )
    UPDATE "jobQueue" j SET "scheduledFor" = later.wished
    FROM later WHERE j."afterJobId" = later."jobId" AND j."scheduledFor" IS NULL"""


def read_now(connection: Connection, sought: Sought, before: dt.datetime) -> None:
    """Let lists that lie here since before a time be read now, and not only when they were to be."""
    connection.execute(text(_READ_NOW.format(within=_within(sought))), {**sought.scope(), "before": before})


def writers(connection: Connection, sought: Sought, before: dt.datetime | None) -> int:
    """Count the attempts under way that had begun at a time."""
    statement = text(_WRITERS.format(within=_within(sought)))
    return int(connection.scalar(statement, {**sought.scope(), "before": before}) or 0)


def _within(sought: Sought) -> str:
    return "true" if sought.workspaces is None else str(JOBS[0].within)
