"""Judges a soak piece by piece, with the scenarios' own counts: what was judged is cleared away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from chaos import census
from chaos.load import Accepted
from mailsift.shared.jobs.states import ENDED, JobStatus
from mailsift.shared.storage import Storage

LEDGER = Path(__file__).parent / "ledger.sql"

GATES = ("lost", "finalised_twice", "stale_writes", "rows_missing", "rows_doubled")

_ENDED = ", ".join(f"'{status}'" for status in sorted(ENDED))
_BATCH = 1_000

# Long enough ago that nobody cancels or retries it any more, and that a second end would have come.
_OVER = f"""j.status IN ({_ENDED}) AND j."completedAt" < clock_timestamp() - make_interval(secs => :quiet)"""
_TO_JUDGE = """
    SELECT a."jobId" AS job, a.subject, a.kind, a.rows, a.endings, j.status
    FROM chaos.asked a LEFT JOIN "jobQueue" j USING ("jobId")
    WHERE {over} ORDER BY a.at LIMIT :batch FOR UPDATE OF a"""

_FAMILY = """
    family AS (
        SELECT "jobId", retries FROM chaos.asked WHERE "jobId" = ANY(CAST(:jobs AS uuid[]))
        UNION ALL
        SELECT c."jobId", a.retries FROM chaos.asked a JOIN "jobQueue" c ON c."parentJobId" = a."jobId"
        WHERE a."jobId" = ANY(CAST(:jobs AS uuid[]))
    )"""

# Each user's retry takes a job out of its end once, and nothing else does; out of `completed` nothing ever does.
_ENDED_TWICE = text(f"""
    WITH {_FAMILY}
    SELECT count(*) FROM family f
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE became IN ({_ENDED})) AS ends, count(*) FILTER (WHERE was IN ({_ENDED})) AS left,
            count(*) FILTER (WHERE was = 'completed') AS undone
        FROM chaos.moves m WHERE m."jobId" = f."jobId") AS seen
    CROSS JOIN LATERAL (
        SELECT count(*) AS ends FROM "jobEvents" e WHERE e."jobId" = f."jobId" AND e.status IN ({_ENDED})) AS told
    WHERE greatest(seen.ends, told.ends) > 1 + retries OR seen.left > retries OR seen.undone > 0""")
_TOLD_TWICE = text("""
    SELECT count(*) FROM (
        SELECT FROM "userActivities" u JOIN chaos.asked a ON a.subject = u."entityId"
        WHERE a."jobId" = ANY(CAST(:jobs AS uuid[]))
        GROUP BY a."jobId", "activityType" HAVING count(*) > 1 + max(a.retries)
    ) AS twice""")
_PARTS = text(f"""
    SELECT count(*), count(*) FILTER (WHERE status NOT IN ({_ENDED})) FROM "jobQueue"
    WHERE "parentJobId" = ANY(CAST(:jobs AS uuid[]))""")

_WAITS = text("""
    INSERT INTO chaos.waits
    SELECT milliseconds, count(*) FROM (
        SELECT round(wait, 1 - floor(log(wait))::int)::bigint AS milliseconds FROM (
            SELECT greatest(1, 1000 * extract(epoch FROM e."createdAt" - greatest(a.at, j."scheduledFor"))) AS wait
            FROM chaos.asked a JOIN "jobQueue" j USING ("jobId")
            CROSS JOIN LATERAL (
                SELECT min("createdAt") AS "createdAt" FROM "jobEvents" e
                WHERE e."jobId" = a."jobId" AND status = 'processing' AND attempt = 1) AS e
            WHERE a."jobId" = ANY(CAST(:jobs AS uuid[])) AND after IS NULL AND plan <> 'free' AND a.retries = 0
                AND e."createdAt" IS NOT NULL AND NOT EXISTS (
                    SELECT FROM chaos.storms s WHERE e."createdAt" >= s.began AND a.at <= s.ended)
        ) AS precise
    ) AS rounded GROUP BY milliseconds
    ON CONFLICT (milliseconds) DO UPDATE SET jobs = waits.jobs + excluded.jobs""")

# Retention clears away what is old and what its user has deleted; so it has something to do.
_FORGET = [
    text(f"WITH {_FAMILY} DELETE FROM chaos.{table} " + 'WHERE "jobId" IN (SELECT "jobId" FROM family)')
    for table in ("moves", "claims", "rows")
] + [
    text(statement)
    for statement in (
        """DELETE FROM "userActivities" u USING chaos.asked a
           WHERE a.subject = u."entityId" AND a."jobId" = ANY(CAST(:jobs AS uuid[]))""",
        """UPDATE uploads SET "completedAt" = "completedAt" - interval '2 days'
           FROM chaos.asked a WHERE a.subject = "uploadId" AND a."jobId" = ANY(CAST(:jobs AS uuid[]))""",
        """UPDATE analyses SET "completedAt" = "completedAt" - interval '2 days'
           FROM chaos.asked a WHERE a.subject = "analysisId" AND a."jobId" = ANY(CAST(:jobs AS uuid[]))""",
        """UPDATE exports SET "expiresAt" = clock_timestamp()
           FROM chaos.asked a
           WHERE a.subject = "exportId" AND a."jobId" = ANY(CAST(:jobs AS uuid[])) AND status = 'completed'""",
        """UPDATE "jobQueue" SET "deletedAt" = clock_timestamp() WHERE "jobId" = ANY(CAST(:jobs AS uuid[]))""",
        """DELETE FROM chaos.asked WHERE "jobId" = ANY(CAST(:jobs AS uuid[]))""",
    )
]

# What every transaction before this one wrote is complete, and the journal's word on it is final.
_HORIZON = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
_STALE = text("""
    INSERT INTO chaos.evidence (gate, what)
    SELECT 'stale_writes', to_jsonb(w) FROM chaos.writes w
    WHERE w.transaction < CAST(:horizon AS xid8) AND NOT EXISTS (
        SELECT FROM chaos.fences f WHERE f.transaction = w.transaction
            AND (w.place = 'jobQueue' OR f.subject = w.subject)
            AND (f.writer OR w.place NOT IN ('uploadEmails', 'uploadRejectedRows', 'advancedEmailResults', 'rows')))""")
_FORGET_WRITES = [
    text(f"DELETE FROM chaos.{table} WHERE transaction < CAST(:horizon AS xid8)") for table in ("writes", "fences")
]

_ADD = text("""
    INSERT INTO chaos.totals SELECT * FROM unnest(CAST(:names AS text[]), CAST(:counts AS bigint[]))
    ON CONFLICT (name) DO UPDATE SET value = totals.value + excluded.value""")

_KEEP_LOST = text("""
    INSERT INTO chaos.evidence (gate, what)
    SELECT 'lost', to_jsonb(a) || coalesce(jsonb_build_object('job', to_jsonb(j)), '{}')
    FROM chaos.asked a LEFT JOIN "jobQueue" j USING ("jobId") WHERE a."jobId" = :job""")


class Judge:
    """Adds up, in the database itself, what it finds."""

    def __init__(self, engine: Engine, storage: Storage, quiet_seconds: float) -> None:
        self._engine = engine
        self._storage = storage
        self._quiet = quiet_seconds

    def turn(self) -> None:
        """Judge all that has been over for long enough."""
        while self._judge(_OVER, self._quiet) == _BATCH:
            pass
        self._judge_writes()

    def finish(self) -> None:
        """Judge all that is left: what has not ended now is lost."""
        while self._judge("true", 0) == _BATCH:
            pass
        self._judge_writes()
        with self._engine.begin() as connection:
            # What moved after it had been judged, and what is left of families whose roots are gone.
            ends = connection.scalar(text(f"SELECT count(*) FROM chaos.moves WHERE became IN ({_ENDED})"))
            open_parts = connection.scalar(
                text(f"""SELECT count(*) FROM "jobQueue" WHERE status NOT IN ({_ENDED})
                    AND "parentJobId" IN (SELECT "jobId" FROM "jobQueue" WHERE "deletedAt" IS NOT NULL)""")
            )
            intrusions = connection.scalar(text("SELECT count(*) FROM chaos.intrusions"))
            _add(connection, Counter(finalised_twice=ends or 0, lost=open_parts or 0, stale_writes=intrusions or 0))

    def totals(self) -> Counter[str]:
        """Return what was counted so far."""
        with self._engine.begin() as connection:
            return Counter({row.name: int(row.value) for row in connection.execute(text("SELECT * FROM chaos.totals"))})

    def _judge(self, over: str, quiet: float) -> int:
        with self._engine.begin() as connection:
            rows = connection.execute(text(_TO_JUDGE.format(over=over)), {"quiet": quiet, "batch": _BATCH}).all()
            if rows:
                _add(connection, self._found(connection, rows))
                for statement in _FORGET:
                    connection.execute(statement, {"jobs": [str(row.job) for row in rows]})
        return len(rows)

    def _found(self, connection: Connection, rows: Sequence[Row[Any]]) -> Counter[str]:
        jobs = {"jobs": [str(row.job) for row in rows]}
        lost = [row.job for row in rows if row.status not in row.endings]
        for job in lost:
            connection.execute(_KEEP_LOST, {"job": job})
        accepted = _accepted(rows)
        faults = [*census._row_faults(connection, accepted), *census._file_faults(connection, accepted, self._storage)]
        parts, open_parts = connection.execute(_PARTS, jobs).one()
        twice = int(connection.scalar(_ENDED_TWICE, jobs) or 0) + int(connection.scalar(_TOLD_TWICE, jobs) or 0)
        connection.execute(_WAITS, jobs)
        return Counter(
            lost=len(lost) + int(open_parts),
            finalised_twice=twice,
            rows_missing=sum(missing for missing, _ in faults),
            rows_doubled=sum(doubled for _, doubled in faults),
            asked=len(rows),
            jobs=len(rows) + int(parts),
            **Counter(f"{row.kind}_{row.status}" for row in rows),
        )

    def _judge_writes(self) -> None:
        with self._engine.begin() as connection:
            horizon = {"horizon": connection.scalar(_HORIZON)}
            _add(connection, Counter(stale_writes=connection.execute(_STALE, horizon).rowcount))
            for statement in _FORGET_WRITES:
                connection.execute(statement, horizon)


def _add(connection: Connection, found: Counter[str]) -> None:
    connection.execute(_ADD, {"names": list(found), "counts": list(found.values())})


def _accepted(rows: Sequence[Row[Any]]) -> Accepted:
    """Say what rows there must be, in the scenarios' own terms; what did not complete promised none."""
    accepted = Accepted()
    books = {
        "upload": accepted.uploads,
        "single": accepted.analyses,
        "analysis": accepted.analyses,
        "export": accepted.exports,
    }
    for row in rows:
        if row.kind in {"rows", "poison"} and row.status in {JobStatus.COMPLETED, JobStatus.DEAD_LETTER}:
            accepted.rows[row.job] = row.rows
        elif row.kind in books and row.status == JobStatus.COMPLETED:
            books[row.kind][row.subject] = row.rows
    return accepted
