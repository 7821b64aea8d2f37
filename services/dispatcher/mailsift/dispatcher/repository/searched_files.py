"""Files in which an erasure looks for a person, and exports that go with what was found."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import Connection, text

from mailsift.dispatcher.erasure import Erasure
from mailsift.dispatcher.repository.erasures import within
from mailsift.dispatcher.repository.files import KeptFile
from mailsift.shared.db.rewriting import Sought

_NEXT_SOURCE = """
    SELECT "uploadId", "storageKey" FROM uploads
    WHERE "fileDeletedAt" IS NULL AND "storageKey" IS NOT NULL AND "uploadId" > :after
        AND status IN ('completed', 'failed', 'cancelled'){within}
    ORDER BY "uploadId" LIMIT 1"""

_TOUCHED_EXPORTS = """
    SELECT "exportId", "filePath" FROM exports JOIN analyses a USING ("analysisId")
    WHERE exports.status = 'completed' AND "filePath" IS NOT NULL
        AND (a."analysisId" = ANY(CAST(:touched AS uuid[])) OR a."uploadId" = ANY(CAST(:touched AS uuid[])))
    ORDER BY "exportId" LIMIT :batch"""

# Of these nobody can tell any more by the rows whom they name.
_NEXT_EXPORT_WITHOUT_ROWS = """
    SELECT "exportId", "filePath" FROM exports
    WHERE status = 'completed' AND "filePath" IS NOT NULL AND "exportId" > :after{within}
        AND EXISTS (SELECT FROM analyses a LEFT JOIN uploads u USING ("uploadId")
            WHERE a."analysisId" = exports."analysisId"
                AND (a."rowsExpiredAt" IS NOT NULL OR u."rowsExpiredAt" IS NOT NULL))
    ORDER BY "exportId" LIMIT 1"""

_EXPIRE = text("""
    UPDATE exports SET status = 'expired', "expiresAt" = least("expiresAt", clock_timestamp()),
        "updatedAt" = clock_timestamp()
    WHERE "exportId" = ANY(CAST(:ids AS uuid[])) AND status = 'completed'""")


# Whoever starts one holds its row meanwhile, and then it is a preview no more.
_FORGET_PREVIEWS = """
    WITH unstarted AS (
        SELECT "uploadId" FROM uploads
        WHERE status = 'preview' AND "createdAt" < :before{within}
            AND NOT EXISTS (SELECT FROM "jobQueue" j
                WHERE j."uploadId" = uploads."uploadId" AND j.status IN ('pending', 'processing'))
        ORDER BY "createdAt" LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    DELETE FROM uploads u USING unstarted WHERE u."uploadId" = unstarted."uploadId"
    RETURNING u."uploadId", u."storageKey" """


def next_source(connection: Connection, sought: Sought, after: uuid.UUID) -> KeptFile | None:
    """Find the next uploaded file that lies in the storage and was read, as far as it could be."""
    statement = text(_NEXT_SOURCE.format(within=within(sought)))
    row = connection.execute(statement, {**sought.scope(), "after": after}).one_or_none()
    return None if row is None else KeptFile(row.uploadId, row.storageKey)


def forget_previews(connection: Connection, sought: Sought, before: dt.datetime, batch: int) -> Sequence[KeptFile]:
    """Forget uploads that were only looked at and that nobody has started, and return their files."""
    statement = text(_FORGET_PREVIEWS.format(within=within(sought)))
    rows = connection.execute(statement, {**sought.scope(), "before": before, "batch": batch})
    return [KeptFile(row.uploadId, row.storageKey) for row in rows if row.storageKey is not None]


def next_export_without_rows(connection: Connection, sought: Sought, after: uuid.UUID) -> KeptFile | None:
    """Find the next file of an export that is kept longer than the rows of which it was made."""
    statement = text(_NEXT_EXPORT_WITHOUT_ROWS.format(within=within(sought)))
    row = connection.execute(statement, {**sought.scope(), "after": after}).one_or_none()
    return None if row is None else KeptFile(row.exportId, row.filePath)


def touched_exports(connection: Connection, erasure: Erasure, batch: int) -> Sequence[KeptFile]:
    """List files of exports that were made of what something was found in."""
    parameters = {"touched": [str(each) for each in erasure.touched], "batch": batch}
    return [KeptFile(row.exportId, row.filePath) for row in connection.execute(text(_TOUCHED_EXPORTS), parameters)]


def expire(connection: Connection, export_ids: Sequence[uuid.UUID]) -> int:
    """Note that the files of exports are gone."""
    return connection.execute(_EXPIRE, {"ids": [str(each) for each in export_ids]}).rowcount
