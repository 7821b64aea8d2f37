"""How jobs leave the table: old ones are marked as if their user had deleted them, and what is marked is drained."""

from __future__ import annotations

from sqlalchemy import Connection, text

from mailsift.shared.jobs.states import ENDED

_ENDED = ", ".join(f"'{status}'" for status in sorted(ENDED))

# A job that others wait for stays: its end, or its retry, lets them begin.
_OVER = f"""
    r."parentJobId" IS NULL AND r.status IN ({_ENDED})
    AND NOT EXISTS (SELECT FROM "jobQueue" f WHERE f."afterJobId" = r."jobId" AND f.status = 'pending')"""

# now(), not clock_timestamp(): only what stands still through a statement can be looked up in an index. And ARRAY, so
# that whatever the statistics say, the rows to be changed are looked up one by one.
_MARK = text(f"""
    UPDATE "jobQueue" SET "deletedAt" = clock_timestamp(), "updatedAt" = clock_timestamp()
    WHERE "jobId" = ANY(ARRAY(
        SELECT r."jobId" FROM "jobQueue" r
        WHERE r."completedAt" < now() - make_interval(hours => :hours) AND r."deletedAt" IS NULL AND {_OVER}
        ORDER BY r."completedAt" LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED))""")

_DOOMED = f"""
    SELECT r."jobId" FROM "jobQueue" r
    WHERE r."deletedAt" < now() - make_interval(secs => :grace) AND {_OVER}"""

# Roots before their parts, which is safe because those of an ended job have ended too, and nobody is waited for.
_DELETE_PARTS = text(f"""
    WITH root AS ({_DOOMED} ORDER BY r."deletedAt" LIMIT :batch FOR UPDATE SKIP LOCKED)
    DELETE FROM "jobQueue" WHERE "jobId" = ANY(ARRAY(
        SELECT part."jobId" FROM root CROSS JOIN LATERAL (
            SELECT c."jobId" FROM "jobQueue" c WHERE c."parentJobId" = root."jobId"
            LIMIT :batch FOR UPDATE SKIP LOCKED
        ) AS part LIMIT :batch))""")

_DELETE_ROOTS = text(f"""
    DELETE FROM "jobQueue" WHERE "jobId" = ANY(ARRAY(
        {_DOOMED} AND NOT EXISTS (SELECT FROM "jobQueue" c WHERE c."parentJobId" = r."jobId")
        ORDER BY r."deletedAt" LIMIT :batch FOR UPDATE SKIP LOCKED))""")


def mark_old(connection: Connection, days: int, batch: int) -> int:
    """Mark up to `batch` root jobs that ended so long ago: from then on nobody sees, tries or follows them."""
    return mark_ended(connection, days * 24, batch)


def mark_ended(connection: Connection, hours: int, batch: int) -> int:
    """Mark up to `batch` root jobs that this connection sees and that ended so many hours ago."""
    return connection.execute(_MARK, {"hours": hours, "batch": batch}).rowcount


def drain_deleted(connection: Connection, grace_seconds: int, batch: int) -> int:
    """Delete up to `batch` jobs marked longer than that ago, parts before their whole; logs and events go along."""
    deleted = connection.execute(_DELETE_PARTS, {"grace": grace_seconds, "batch": batch}).rowcount
    if deleted < batch:
        deleted += connection.execute(_DELETE_ROOTS, {"grace": grace_seconds, "batch": batch - deleted}).rowcount
    return deleted
