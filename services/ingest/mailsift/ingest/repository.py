"""Every query of ingest."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, text

from mailsift.ingest.dialect import Dialect
from mailsift.ingest.entries import COLUMNS
from mailsift.ingest.preview import Preview
from mailsift.ingest.rows import RejectedRow
from mailsift.ingest.totals import Totals
from mailsift.shared.copy_text import encode_row
from mailsift.shared.db.loading import copy_in
from mailsift.shared.db.suppressions import ANYTHING, COVERED, ENTRIES, IS_SUPPRESSED, make_room
from mailsift.shared.plans import Allowance, allowance
from mailsift.shared.reading import ReadingOptions
from mailsift.shared.storage import StoredObject
from mailsift.shared.verdicts import UploadSource

_REJECTED_COLUMNS = ("uploadId", "sequenceNumber", "rowNumber", "reason", "rawText")
_PREVIEW = 100

# What repeats an address of the first entries is marked already; run again it marks nothing. Numbers sort in half the
# time that addresses take, which begin alike; the key of the hash is another each time, as it is while reading. In
# their order, entries to update lie one after the other on disk.
_MARK_DUPLICATES = text("""
    WITH repeated AS MATERIALIZED (
        SELECT "sequenceNumber", first FROM (
            SELECT "sequenceNumber",
                min("sequenceNumber") OVER (PARTITION BY hashtextextended("normalizedAddress", :key)) AS first
            FROM "uploadEmails"
            WHERE "uploadId" = :upload_id AND "sequenceNumber" > :after
                AND "normalizedAddress" IS NOT NULL AND "duplicateOf" IS NULL
        ) AS ranked WHERE first < "sequenceNumber"
        ORDER BY "sequenceNumber"
    )
    UPDATE "uploadEmails" AS entry SET "duplicateOf" = repeated.first
    FROM repeated WHERE entry."uploadId" = :upload_id AND entry."sequenceNumber" = repeated."sequenceNumber" """)

_COUNT_SUPPRESSED = text(f"""
    WITH {COVERED}
    SELECT count(*) FROM {ENTRIES}
    WHERE e."uploadId" = :upload_id AND e."normalizedAddress" IS NOT NULL AND {IS_SUPPRESSED} AND {ANYTHING}""")


@dataclass(frozen=True, slots=True)
class Source:
    """Where an uploaded file lies, or is to be fetched from, what the user said of it, and what the plan allows."""

    storage_key: str
    size: int
    options: ReadingOptions
    kind: UploadSource
    origin: str | None
    """The URL, or the key of an object; None for what came with the request."""
    fetched: bool
    allowance: Allowance


def load_source(connection: Connection, upload_id: uuid.UUID) -> Source:
    """Return what there is to read for an upload."""
    statement = text("""
        SELECT "storageKey", "fileSize", reading, source, "sourceUrl", sha256, plan
        FROM uploads JOIN workspaces USING ("workspaceId") WHERE "uploadId" = :upload_id""")
    row = connection.execute(statement, {"upload_id": upload_id}).one()
    return Source(
        storage_key=row.storageKey,
        size=row.fileSize or 0,
        options=ReadingOptions.from_json(row.reading),
        kind=UploadSource(row.source),
        origin=row.sourceUrl,
        fetched=row.sha256 is not None,
        allowance=allowance(row.plan),
    )


def save_fetched(connection: Connection, upload_id: uuid.UUID, stored: StoredObject) -> None:
    """Note what was fetched; the query of its URL, which may be a password, is not needed any more."""
    connection.execute(
        text("""
            UPDATE uploads SET "fileSize" = :size, sha256 = :sha256, "updatedAt" = clock_timestamp(),
                "sourceUrl" = CASE source WHEN 'url' THEN split_part("sourceUrl", '?', 1) ELSE "sourceUrl" END
            WHERE "uploadId" = :upload_id"""),
        {"upload_id": upload_id, "size": stored.size, "sha256": stored.sha256},
    )


def save_dialect(connection: Connection, upload_id: uuid.UUID, dialect: Dialect) -> None:
    """Keep what was understood of the file, for the user to see and for the export to name columns by."""
    connection.execute(
        text("""
            UPDATE uploads SET format = :format, encoding = :encoding, delimiter = :delimiter,
                "hasHeader" = :has_header, "columnNames" = :column_names, "emailColumn" = :email_column,
                "emailColumns" = :email_columns, detection = CAST(:detection AS jsonb),
                "updatedAt" = clock_timestamp()
            WHERE "uploadId" = :upload_id"""),
        {
            "upload_id": upload_id,
            "format": dialect.format.value,
            "encoding": dialect.encoding,
            "delimiter": dialect.delimiter,
            "has_header": dialect.has_header,
            "column_names": dialect.kept(dialect.column_names),
            "email_column": dialect.kept_email_columns[0],
            "email_columns": list(dialect.kept_email_columns),
            "detection": json.dumps([finding.to_json() for finding in dialect.findings]),
        },
    )


def save_column_names(connection: Connection, upload_id: uuid.UUID, names: Sequence[str]) -> None:
    """Keep the names of columns that were met while reading."""
    statement = text('UPDATE uploads SET "columnNames" = :names WHERE "uploadId" = :upload_id')
    connection.execute(statement, {"upload_id": upload_id, "names": list(names)})


def save_preview(connection: Connection, upload_id: uuid.UUID, names: Sequence[str], preview: Preview) -> None:
    """Keep what the beginning of a list shows."""
    connection.execute(
        text("""
            UPDATE uploads SET "columnNames" = :names, preview = CAST(:preview AS jsonb)
            WHERE "uploadId" = :upload_id"""),
        {"upload_id": upload_id, "names": list(names), "preview": json.dumps(preview.to_json())},
    )


def wait_for_no_disk(connection: Connection) -> None:
    """Let the transaction commit without waiting until the disk has it.

    A crash of the server then takes its rows and its checkpoint together, and the next attempt loads them again.
    """
    connection.execute(text("SET LOCAL synchronous_commit = off"))


def copy_entries(connection: Connection, lines: Iterable[str]) -> None:
    """Load the entries of data rows as they come."""
    copy_in(connection, "uploadEmails", COLUMNS, lines)


def copy_rejected(connection: Connection, upload_id: uuid.UUID, rows: Sequence[RejectedRow]) -> None:
    """Load the rows from which no address could be taken."""
    lines = (encode_row((upload_id, row.sequence_number, row.row_number, row.reason, row.raw_text)) for row in rows)
    copy_in(connection, "uploadRejectedRows", _REJECTED_COLUMNS, lines)


def mark_duplicates(connection: Connection, upload_id: uuid.UUID, *, after: int) -> int:
    """Point every repeated address at its first entry, where loading has not, and return how many there are.

    Up to the entry `after` it has, and for whatever repeats one of those.
    """
    # The window sorts: with the default it would spill into many small runs.
    connection.execute(text("SET LOCAL work_mem = '64MB'"))
    # The planner takes a third of the entries for repeated, where they are few, and would hash the whole list for them.
    connection.execute(text("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"))
    parameters = {"upload_id": upload_id, "after": after, "key": secrets.randbits(63)}
    marked = connection.execute(_MARK_DUPLICATES, parameters).rowcount
    connection.execute(text("SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on"))
    return marked


def count_suppressed(connection: Connection, upload_id: uuid.UUID, workspace_id: uuid.UUID) -> int:
    """Count the addresses of a list, repeated ones too, that the workspace wants to hear nothing of."""
    make_room(connection)
    found = connection.scalar(_COUNT_SUPPRESSED, {"upload_id": upload_id, "workspace_id": workspace_id})
    return int(found or 0)


def save_totals(connection: Connection, upload_id: uuid.UUID, totals: Totals) -> None:
    """Write what a list came to, with a preview of its first addresses."""
    connection.execute(
        text("""
            UPDATE uploads SET "totalRows" = :rows, "totalEmails" = :emails, "validEmails" = :valid,
                "duplicateEmails" = :duplicates, "suppressedEmails" = :suppressed,
                "rejectedRows" = :rejected, warnings = :warnings,
                "updatedAt" = clock_timestamp(),
                emails = (
                    SELECT coalesce(jsonb_agg(jsonb_build_object('email', "emailAddress")), '[]') FROM (
                        SELECT "emailAddress" FROM "uploadEmails"
                        WHERE "uploadId" = :upload_id AND "emailAddress" IS NOT NULL
                        ORDER BY "sequenceNumber" LIMIT :preview
                    ) AS first
                )
            WHERE "uploadId" = :upload_id"""),
        {
            **asdict(totals),
            "upload_id": upload_id,
            "warnings": [warning.value for warning in totals.warnings],
            "preview": _PREVIEW,
        },
    )
