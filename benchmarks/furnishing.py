"""What jobs need to exist: workspaces without limits, and an export for each job to be about."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, create_engine, text

from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import NewJob, Subject

WORKSPACES = 5
EXPORTS = 20_000

_WORKSPACE = text("""
    WITH workspace AS (
        INSERT INTO workspaces ("workspaceId", name, plan) VALUES (:id, 'Benchmark', 'unlimited')
    ), person AS (
        INSERT INTO "userProfiles" ("userId", email) VALUES (:id, CAST(:id AS text) || '@example.com')
    )
    INSERT INTO analyses ("analysisId", "workspaceId", "userId", "analysisType") VALUES (:id, :id, :id, 'advanced')""")

# One for each job, as in life: jobs that shared one would wait for each other at its row.
_EXPORTS = text("""
    INSERT INTO exports ("exportId", "workspaceId", "userId", "analysisId", "fileName", "fileType")
    SELECT gen_random_uuid(), :id, :id, :id, 'list.csv', 'csv' FROM generate_series(1, :count)""")


def furnish(connection: Connection) -> None:
    """Fill an empty database with what jobs are about."""
    for _ in range(WORKSPACES):
        workspace = uuid.uuid4()
        connection.execute(_WORKSPACE, {"id": workspace})
        connection.execute(_EXPORTS, {"id": workspace, "count": EXPORTS // WORKSPACES})
    connection.execute(text("ANALYZE"))


def jobs_to_send(admin_url: str, seconds: float = 0.0) -> list[NewJob]:
    """Make a job for each export, those of all workspaces mixed; its handler waits so many seconds."""
    engine = create_engine(admin_url)
    with engine.begin() as connection:
        found = connection.execute(text('SELECT "workspaceId", "userId", "exportId" FROM exports ORDER BY "exportId"'))
        jobs = [
            NewJob(JobType.EXPORT, row[0], row[1], Subject(export_id=row[2]), uuid.uuid4().hex, {"seconds": seconds})
            for row in found
        ]
    engine.dispose()
    return jobs
