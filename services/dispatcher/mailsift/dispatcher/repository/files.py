"""Files that rows tell of: exports until they expire, uploads for as long as they may be read again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from mailsift.shared.db.activities import Activity
from mailsift.shared.events import WebhookEvent
from mailsift.shared.jobs.repository.outbox import telling

_EXPIRING = """jsonb_build_object(
    'exportId', m."exportId", 'analysisId', m."analysisId",
    'uploadId', (SELECT a."uploadId" FROM analyses a WHERE a."analysisId" = m."analysisId"),
    'fileName', m."fileName", 'expiresAt', m."expiresAt")"""

# One statement, so that a kill leaves neither a mark without a word nor a word without a mark.
_WARN_OF_EXPIRY = text(f"""
    WITH expiring AS (
        SELECT "exportId" FROM exports
        WHERE status = 'completed' AND "expiryWarnedAt" IS NULL
            AND "expiresAt" > now() AND "expiresAt" <= now() + make_interval(hours => :hours)
        ORDER BY "expiresAt" LIMIT :batch FOR UPDATE SKIP LOCKED
    ), warned AS (
        UPDATE exports e SET "expiryWarnedAt" = now() FROM expiring WHERE e."exportId" = expiring."exportId"
        RETURNING e.*
    ), told AS ({telling("warned", f"'{WebhookEvent.EXPORT_EXPIRING}'", _EXPIRING)}
    )
    INSERT INTO "userActivities"
        ("activityId", "workspaceId", "userId", "activityType", "entityType", "entityId", "activityDetails")
    SELECT gen_random_uuid(), "workspaceId", "userId", '{Activity.EXPORT_EXPIRING.value}', 'export', "exportId",
        jsonb_build_object('fileName', "fileName", 'expiresAt', to_char("expiresAt" AT TIME ZONE 'UTC', :moment))
    FROM warned""")

_ISO_8601 = 'YYYY-MM-DD"T"HH24:MI:SS"Z"'

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


def warn_of_expiry(connection: Connection, hours: int, batch: int) -> int:
    """Tell the history and webhooks of files that go within so many hours, of each once; returns of how many."""
    wanted = {"hours": hours, "batch": batch, "moment": _ISO_8601}
    return connection.execute(_WARN_OF_EXPIRY, wanted).rowcount


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
