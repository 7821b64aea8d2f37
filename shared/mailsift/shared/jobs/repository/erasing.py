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


def writers(connection: Connection, sought: Sought, before: dt.datetime | None) -> int:
    """Count the attempts under way that had begun at a time."""
    within = "true" if sought.workspaces is None else JOBS[0].within
    statement = text(_WRITERS.format(within=within))
    return int(connection.scalar(statement, {**sought.parameters(), "before": before}) or 0)
