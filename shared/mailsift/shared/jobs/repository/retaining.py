"""How jobs leave the table: old ones are marked as if their user had deleted them, and what is marked is drained."""

from __future__ import annotations

from sqlalchemy import Connection, text

from mailsift.shared.jobs.states import ENDED

_ENDED = ", ".join(f"'{status}'" for status in sorted(ENDED))

# A job that others wait for stays: its end, or its retry, lets them begin.
_OVER = f"""
    r."parentJobId" IS NULL AND r.status IN ({_ENDED})
    AND NOT EXISTS (SELECT FROM "jobQueue" f WHERE f."afterJobId" = r."jobId" AND f.status = 'pending')"""

# now(), not clock_timestamp(): only what stands still through a statement can be looked up in an index.
_MARK = text(f"""
    WITH old AS (
        SELECT r."jobId" FROM "jobQueue" r
        WHERE r."completedAt" < now() - make_interval(days => :days) AND r."deletedAt" IS NULL AND {_OVER}
        ORDER BY r."completedAt" LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE "jobQueue" j SET "deletedAt" = clock_timestamp(), "updatedAt" = clock_timestamp()
    FROM old WHERE j."jobId" = old."jobId" """)

_DOOMED = f"""
    SELECT r."jobId" FROM "jobQueue" r
    WHERE r."deletedAt" < now() - make_interval(secs => :grace) AND {_OVER} """

# Roots before their children, which is safe because those of an ended job have ended too, and nobody is waited for.
_DELETE_CHILDREN = text(f"""
    WITH root AS ({_DOOMED} ORDER BY r."deletedAt" LIMIT :batch FOR UPDATE SKIP LOCKED),
    part AS (
        SELECT c."jobId" FROM root JOIN "jobQueue" c ON c."parentJobId" = root."jobId"
        LIMIT :batch FOR UPDATE OF c SKIP LOCKED
    )
    DELETE FROM "jobQueue" j USING part WHERE j."jobId" = part."jobId" """)

_DELETE_ROOTS = text(f"""
    WITH root AS (
        {_DOOMED} AND NOT EXISTS (SELECT FROM "jobQueue" c WHERE c."parentJobId" = r."jobId")
        ORDER BY r."deletedAt" LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    DELETE FROM "jobQueue" j USING root WHERE j."jobId" = root."jobId" """)


def mark_old(connection: Connection, days: int, batch: int) -> int:
    """Mark up to `batch` root jobs that ended so long ago: from then on nobody sees, tries or follows them."""
    return connection.execute(_MARK, {"days": days, "batch": batch}).rowcount


def drain_deleted(connection: Connection, grace_seconds: float, batch: int) -> int:
    """Delete up to `batch` jobs marked longer than that ago, parts before their whole; logs and events go along."""
    deleted = connection.execute(_DELETE_CHILDREN, {"grace": grace_seconds, "batch": batch}).rowcount
    if deleted < batch:
        deleted += connection.execute(_DELETE_ROOTS, {"grace": grace_seconds, "batch": batch - deleted}).rowcount
    return deleted
