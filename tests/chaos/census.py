"""Counts, in the database, what a scenario must not have done."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, Engine, text

from chaos import lists
from chaos.load import Accepted
from mailsift.shared.storage import Storage

# A job that was accepted is lost when it is not there, has not ended, or ended otherwise than it had to. So are the
# parts of it that have not ended.
_LOST = """
    SELECT count(*) FROM unnest(CAST(:jobs AS uuid[]), CAST(:endings AS text[])) AS accepted("jobId", ending)
    LEFT JOIN "jobQueue" USING ("jobId") WHERE status IS DISTINCT FROM ending"""
_LOST_CHILDREN = """
    SELECT count(*) FROM "jobQueue" WHERE "parentJobId" IS NOT NULL AND status IN ('pending', 'processing')"""

# Three witnesses: the journal's triggers, the engine's history, and what the user reads in his own.
_ENDED_TWICE = """
    SELECT count(*) FROM (
        SELECT "jobId" FROM chaos.moves WHERE became IN ('completed', 'failed', 'dead_letter', 'cancelled')
        GROUP BY "jobId" HAVING count(*) > 1
        UNION
        SELECT "jobId" FROM "jobEvents" WHERE status IN ('completed', 'failed', 'dead_letter', 'cancelled')
        GROUP BY "jobId" HAVING count(*) > 1
    ) AS twice"""
_TOLD_TWICE = """
    SELECT count(*) FROM (
        SELECT FROM "userActivities" GROUP BY "activityType", "entityId" HAVING count(*) > 1
    ) AS twice"""

_STALE = "SELECT count(*) FROM chaos.stale"

# Rows 1 to n of each subject: how many are missing, and how many there are beyond one of each.
_ROWS = """
    SELECT coalesce(sum(greatest(wanted - present, 0)), 0), coalesce(sum(total - present), 0) FROM (
        SELECT wanted, count(number) AS total,
            count(DISTINCT number) FILTER (WHERE number BETWEEN 1 AND reach) AS present
        FROM unnest(CAST(:subjects AS uuid[]), CAST(:wanted AS bigint[]), CAST(:reach AS bigint[]))
            AS expected(subject, wanted, reach)
        LEFT JOIN ({rows}) AS rows USING (subject)
        GROUP BY subject, wanted
    ) AS counted"""
_LISTED = """SELECT "uploadId" AS subject, "sequenceNumber" AS number FROM "uploadEmails" """
_SCORED = """SELECT "analysisId" AS subject, "sequenceNumber" AS number FROM "advancedEmailResults" """
_WRITTEN = """SELECT "jobId" AS subject, number FROM chaos.rows"""

# The summary has no key that would refuse a slice that is counted twice.
_COUNTED = """
    SELECT coalesce(sum(greatest(wanted - "processedEmails", 0)), 0),
        coalesce(sum(greatest("processedEmails" - wanted, 0)), 0)
    FROM unnest(CAST(:subjects AS uuid[]), CAST(:wanted AS bigint[])) AS expected("analysisId", wanted)
    JOIN "advancedAnalysis" USING ("analysisId")"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a scenario is judged by; everything but the time must be zero."""

    lost: int
    finalised_twice: int
    stale_writes: int
    rows_missing: int
    rows_doubled: int

    def broken(self) -> dict[str, int]:
        """Return the gates that did not hold."""
        return {name: count for name, count in asdict(self).items() if count}


def take(engine: Engine, accepted: Accepted, storage: Storage) -> Figures:
    """Count everything at the end of a scenario."""
    with engine.begin() as connection:
        rows = [*_row_faults(connection, accepted), *_file_faults(connection, accepted, storage)]
        return Figures(
            lost=_lost(connection, accepted),
            finalised_twice=_count(connection, _ENDED_TWICE) + _count(connection, _TOLD_TWICE),
            stale_writes=_count(connection, _STALE),
            rows_missing=sum(missing for missing, _ in rows),
            rows_doubled=sum(doubled for _, doubled in rows),
        )


def _count(connection: Connection, statement: str, parameters: Mapping[str, object] | None = None) -> int:
    return int(connection.scalar(text(statement), parameters) or 0)


def _lost(connection: Connection, accepted: Accepted) -> int:
    jobs = {"jobs": [str(job) for job in accepted.jobs], "endings": [str(end) for end in accepted.jobs.values()]}
    return _count(connection, _LOST, jobs) + _count(connection, _LOST_CHILDREN)


def _row_faults(connection: Connection, accepted: Accepted) -> list[tuple[int, int]]:
    uploads = {upload: (rows, rows) for upload, rows in accepted.uploads.items()}
    analyses = {analysis: (lists.distinct(rows), rows) for analysis, rows in accepted.analyses.items()}
    written = {job: (rows, rows) for job, rows in accepted.rows.items()}
    found = []
    for statement, expected in ((_LISTED, uploads), (_SCORED, analyses), (_WRITTEN, written)):
        parameters = {
            "subjects": [str(subject) for subject in expected],
            "wanted": [wanted for wanted, _ in expected.values()],
            "reach": [reach for _, reach in expected.values()],
        }
        found.append(_pair(connection, _ROWS.format(rows=statement), parameters))
    summaries = {
        "subjects": [str(analysis) for analysis in analyses],
        "wanted": [wanted for wanted, _ in analyses.values()],
    }
    return [*found, _pair(connection, _COUNTED, summaries)]


def _pair(connection: Connection, statement: str, parameters: Mapping[str, object]) -> tuple[int, int]:
    missing, doubled = connection.execute(text(statement), parameters).one()
    return int(missing), int(doubled)


def _file_faults(connection: Connection, accepted: Accepted, storage: Storage) -> list[tuple[int, int]]:
    found = []
    for export, rows in accepted.exports.items():
        key = connection.scalar(text('SELECT "filePath" FROM exports WHERE "exportId" = :id'), {"id": export})
        ids: list[str] = []
        if key is not None:
            with storage.open(key) as stream:
                ids = [line[0] for line in csv.reader(io.TextIOWrapper(stream, encoding="utf-8-sig"))][1:]
        found.append(lists.faults(ids, rows))
    return found
