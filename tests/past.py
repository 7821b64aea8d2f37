"""Things that came to their end some days ago."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import Engine, text

from factories import Tenant, enqueue, make_analysis, make_export, make_upload
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject

_COPY_OF_ROOT = """
    INSERT INTO "jobQueue" ("workspaceId", "userId", "uploadId", "analysisId", "exportId", "parentJobId", "childKey",
        "jobType", queue, "traceId", status, "completedAt")
    SELECT "workspaceId", "userId", "uploadId", "analysisId", "exportId", "jobId", n::text, "jobType", queue, "traceId",
        'completed', "completedAt"
    FROM "jobQueue", generate_series(1, :parts) AS n WHERE "jobId" = :id"""


@dataclass(frozen=True, slots=True)
class Past:
    """Makes them, and looks what is left of them."""

    owner: Engine
    tenant: Tenant

    def upload(self, days: float, *, key: str = "", rows: int = 0, rejected: int = 0) -> uuid.UUID:
        """A list that was read so long ago."""
        with self.owner.begin() as connection:
            upload_id = make_upload(connection, self.tenant, key)
        self.run(
            """UPDATE uploads SET status = 'completed', "completedAt" = now() - make_interval(secs => :age),
                   emails = '[{"email": "ann@example.org"}]'
               WHERE "uploadId" = :id""",
            id=upload_id,
            age=days * 86_400,
        )
        for table, columns, values, count in (
            ("uploadEmails", '"rowNumber", "isValidFormat", columns', "n, true, '{}'", rows),
            ("uploadRejectedRows", '"rowNumber", reason, "rawText"', "n, 'no_address', ''", rejected),
        ):
            self.run(
                f"""INSERT INTO "{table}" ("uploadId", "sequenceNumber", {columns})
                    SELECT :id, n, {values} FROM generate_series(1, :count) AS n""",
                id=upload_id,
                count=count,
            )
        return upload_id

    def analysis(self, days: float, upload_id: uuid.UUID | None, *, rows: int = 0) -> uuid.UUID:
        """An analysis that ended so long ago."""
        with self.owner.begin() as connection:
            analysis_id = make_analysis(connection, self.tenant, upload_id)
        self.run(
            """UPDATE analyses SET status = 'completed', "completedAt" = now() - make_interval(secs => :age)
               WHERE "analysisId" = :id""",
            id=analysis_id,
            age=days * 86_400,
        )
        self.run(
            """INSERT INTO "advancedEmailResults" ("analysisId", "sequenceNumber", "emailAddress", "normalizedAddress",
                   status, "subStatus", "deliverabilityScore", "leadStatus", "riskLevel", "isValidSyntax",
                   "isCorporate", "isFree", "isDisposable", "isRelay", "isRoleBased", "mailboxChecked", reasons,
                   "scoreBreakdown", "scoreVersion")
               SELECT :id, n, 'a@b.c', 'a@b.c', 'valid', 'x', 90, 'high-quality', 'low', true, true, false, false,
                   false, false, false, '{}', '[]', 1
               FROM generate_series(1, :count) AS n""",
            id=analysis_id,
            count=rows,
        )
        return analysis_id

    def export(self, days: float, *, expired_days: float, analysis_id: uuid.UUID | None = None, key: str) -> uuid.UUID:
        """An export that was written so long ago and could be had until so long ago."""
        analysis_id = analysis_id or self.analysis(days, None)
        with self.owner.begin() as connection:
            export_id = make_export(connection, self.tenant, analysis_id)
        self.run(
            """UPDATE exports SET status = 'completed', "completedAt" = now() - make_interval(secs => :age),
                   "expiresAt" = now() - make_interval(secs => :expired), "filePath" = :key
               WHERE "exportId" = :id""",
            id=export_id,
            age=days * 86_400,
            expired=expired_days * 86_400,
            key=key,
        )
        return export_id

    def job(self, subject: Subject, days: float, *, status: str = "completed", parts: int = 0) -> uuid.UUID:
        """A job that ended so long ago, each part of it with it."""
        with self.owner.begin() as connection:
            job_id = enqueue(connection, self.tenant, JobType.ADVANCED_ANALYSIS, subject)
        self.run(
            """UPDATE "jobQueue" SET status = :status, "completedAt" = now() - make_interval(secs => :age)
               WHERE "jobId" = :id""",
            id=job_id,
            status=status,
            age=days * 86_400,
        )
        self.run(_COPY_OF_ROOT, id=job_id, parts=parts)
        return job_id

    def run(self, statement: str, **parameters: object) -> None:
        """Execute a statement."""
        with self.owner.begin() as connection:
            connection.execute(text(statement), parameters)

    def count(self, table: str, condition: str = "true") -> int:
        """Count rows of a table."""
        with self.owner.begin() as connection:
            return int(connection.scalar(text(f'SELECT count(*) FROM "{table}" WHERE {condition}')) or 0)


def all_at_once(chore: Callable[[int], int], batch: int, hands: int = 4) -> int:
    """Let several dispatchers do the same until nothing is left; returns how much they did."""

    def until_nothing_is_left() -> int:
        done = 0
        while count := chore(batch):
            done += count
        return done

    with ThreadPoolExecutor(hands) as pool:
        return sum(work.result() for work in [pool.submit(until_nothing_is_left) for _ in range(hands)])
