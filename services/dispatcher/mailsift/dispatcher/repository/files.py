"""Files that rows tell of: exports until they expire, uploads for as long as they may be read again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

_EXPIRED_EXPORTS = text("""
    SELECT "exportId", "filePath" FROM exports WHERE status = 'completed' AND "expiresAt" <= now()
    ORDER BY "expiresAt" LIMIT :batch""")

_MARK_EXPIRED = text("""
    UPDATE exports SET status = 'expired', "updatedAt" = clock_timestamp()
    WHERE "exportId" = ANY(CAST(:ids AS uuid[])) AND status = 'completed' AND "expiresAt" <= now()""")

# Its jobs would go with it, in numbers that nobody bounds; so they go first.
_FORGET_EXPORTS = text("""
    WITH over AS (
        SELECT "exportId" FROM exports e
        WHERE status IN ('failed', 'cancelled', 'expired') AND "completedAt" < now() - make_interval(days => :days)
            AND NOT EXISTS (SELECT FROM "jobQueue" j WHERE j."exportId" = e."exportId")
        ORDER BY "completedAt" LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    DELETE FROM exports e USING over WHERE e."exportId" = over."exportId" """)

_OLD_SOURCES = text("""
    SELECT "uploadId", "storageKey" FROM uploads
    WHERE "completedAt" < now() - make_interval(days => :days) AND "fileDeletedAt" IS NULL
        AND "storageKey" IS NOT NULL
    ORDER BY "completedAt" LIMIT :batch""")

_MARK_SOURCES = text("""
    UPDATE uploads SET "fileDeletedAt" = clock_timestamp()
    WHERE "uploadId" = ANY(CAST(:ids AS uuid[])) AND "fileDeletedAt" IS NULL""")

# Whoever starts one holds its row meanwhile, and then it is a preview no more.
_FORGET_PREVIEWS = text("""
    WITH unused AS (
        SELECT "uploadId" FROM uploads u
        WHERE status = 'preview' AND "createdAt" < now() - make_interval(hours => :hours)
            AND coalesce("completedAt", "createdAt") < now() - make_interval(hours => :hours)
            AND NOT EXISTS (
                SELECT FROM "jobQueue" j WHERE j."uploadId" = u."uploadId" AND j.status IN ('pending', 'processing'))
        ORDER BY "createdAt" LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    DELETE FROM uploads u USING unused WHERE u."uploadId" = unused."uploadId"
    RETURNING u."storageKey" """)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """The file of an export or of an upload, and where it lies."""

    id: uuid.UUID
    key: str


def expired_exports(connection: Connection, batch: int) -> list[KeptFile]:
    """List files of exports that can no longer be had."""
    return [KeptFile(*row) for row in connection.execute(_EXPIRED_EXPORTS, {"batch": batch})]


def mark_expired(connection: Connection, export_ids: Sequence[uuid.UUID]) -> int:
    """Note that the files of these exports are gone; returns of how many that is news."""
    return connection.execute(_MARK_EXPIRED, {"ids": list(map(str, export_ids))}).rowcount


def forget_exports(connection: Connection, days: int, batch: int) -> int:
    """Delete exports that ended so long ago and have neither a file nor a job."""
    return connection.execute(_FORGET_EXPORTS, {"days": days, "batch": batch}).rowcount


def old_sources(connection: Connection, days: int, batch: int) -> list[KeptFile]:
    """List uploaded files that were read, or given up, so long ago."""
    return [KeptFile(*row) for row in connection.execute(_OLD_SOURCES, {"days": days, "batch": batch})]


def mark_sources_deleted(connection: Connection, upload_ids: Sequence[uuid.UUID]) -> int:
    """Note that these uploaded files are gone; returns of how many that is news."""
    return connection.execute(_MARK_SOURCES, {"ids": list(map(str, upload_ids))}).rowcount


def forget_previews(connection: Connection, hours: int, batch: int) -> list[str | None]:
    """Delete uploads, with their jobs, that were shown so long ago and that nobody started.

    Returns where their files lie; None for each that was never fetched.
    """
    return list(connection.scalars(_FORGET_PREVIEWS, {"hours": hours, "batch": batch}))
