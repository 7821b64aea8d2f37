"""The rows of lists and the answers of analyses: marked when they are old and nobody needs them, then drained."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, TextClause, text

_OWNERS_AT_ONCE = 100

# A job that is not over, or could be tried again, needs what it works on.
_MAY_RUN = """
    SELECT FROM "jobQueue" j
    WHERE j."{key}" = {row}."{key}" AND j."parentJobId" IS NULL AND j."deletedAt" IS NULL AND j.status <> 'completed'"""

_EXPORTED = f"""
    SELECT FROM exports e
    WHERE e."analysisId" = s."analysisId" AND EXISTS ({_MAY_RUN.format(key="exportId", row="e")})"""

# A list outlives the answers about it: an export puts the two side by side.
_ANALYSED = """
    SELECT FROM analyses a WHERE a."uploadId" = s."uploadId" AND a."rowsExpiredAt" IS NULL
    UNION ALL SELECT FROM schedules c WHERE c."uploadId" = s."uploadId" AND c.enabled"""


class Rows:
    """The rows in some tables that belong to one of another, their owner."""

    def __init__(self, owner: str, key: str, tables: Sequence[str], *, needed: str, beside: str) -> None:
        unneeded = f"""NOT EXISTS ({_MAY_RUN.format(key=key, row="s")}) AND NOT EXISTS ({needed})"""
        self._mark = text(f"""
            WITH old AS (
                SELECT s."{key}" FROM {owner} s
                WHERE s."completedAt" < now() - make_interval(days => :days) AND s."rowsExpiredAt" IS NULL
                    AND {unneeded}
                ORDER BY s."completedAt" LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED
            )
            UPDATE {owner} s SET "rowsExpiredAt" = clock_timestamp() FROM old WHERE s."{key}" = old."{key}" """)
        self._marked = text(f"""
            SELECT s."{key}" FROM {owner} s
            WHERE s."rowsExpiredAt" < now() - make_interval(secs => :grace) AND s."rowsDeletedAt" IS NULL
                AND {unneeded}
            ORDER BY s."rowsExpiredAt" LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED""")
        self._delete = [_delete_first(table, key) for table in tables]
        gone = f"""UPDATE {owner} SET "rowsDeletedAt" = clock_timestamp() WHERE "{key}" = :id"""
        self._gone = [text(beside), text(gone)]

    def mark(self, connection: Connection, days: int, batch: int) -> int:
        """Mark up to `batch` owners that are so old and not needed: from then on nothing new is made of their rows."""
        return connection.execute(self._mark, {"days": days, "batch": batch}).rowcount

    def drain(self, connection: Connection, grace_seconds: int, batch: int) -> int:
        """Delete up to `batch` rows whose owners were marked longer than that ago; returns how many.

        Whoever asked for work before the mark has committed in that time, so that the owner is needed again.
        """
        left = batch
        for owner in connection.scalars(self._marked, {"grace": grace_seconds, "batch": _OWNERS_AT_ONCE}).all():
            for statement in self._delete:
                left -= connection.execute(statement, {"id": owner, "batch": left}).rowcount
            if not left:
                break
            for statement in self._gone:
                connection.execute(statement, {"id": owner})
        return batch - left


def _delete_first(table: str, key: str) -> TextClause:
    # A range of the primary key, in the order of which the rows lie.
    return text(f"""
        DELETE FROM "{table}" WHERE "{key}" = :id AND "sequenceNumber" <= (
            SELECT max("sequenceNumber") FROM (
                SELECT "sequenceNumber" FROM "{table}" WHERE "{key}" = :id ORDER BY "sequenceNumber" LIMIT :batch
            ) AS first)""")


ANSWERS = Rows(
    "analyses",
    "analysisId",
    ["advancedEmailResults"],
    needed=_EXPORTED,
    # What a verdict stands on goes with the verdict.
    beside="""UPDATE "singleAnalysis" SET evidence = NULL WHERE "analysisId" = :id""",
)
LISTS = Rows(
    "uploads",
    "uploadId",
    ["uploadEmails", "uploadRejectedRows"],
    needed=_ANALYSED,
    # The preview is rows too.
    beside="""UPDATE uploads SET emails = NULL WHERE "uploadId" = :id""",
)
