"""Looks at the beginning of a list and keeps what it shows; nothing of it is loaded."""

from __future__ import annotations

import uuid

from mailsift.ingest import repository
from mailsift.ingest.opening import Opener
from mailsift.ingest.preview import MOST_BYTES, look
from mailsift.ingest.repository import Source
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.storage import Storage


def is_preview(lease: Lease) -> bool:
    """Whether a job is to look at a list, not to load it."""
    return lease.job.payload.get("preview") is True


def preview_list(storage: Storage, opener: Opener, lease: Lease, upload_id: uuid.UUID, source: Source) -> None:
    """Understand a list, read its first rows, and say what to expect of it."""
    lease.report(0, total=min(source.size, MOST_BYTES), step="reading")
    with storage.open(source.storage_key) as stream:
        dialect = opener.understand(stream, source.options, lease.check)
    with (
        storage.open(source.storage_key) as stream,
        opener.table(stream, source.size, dialect, lease.check) as table,
    ):
        preview = look(table, dialect, source.size)
        names = dialect.kept(table.column_names)
    if not preview.tally.rows:
        raise PermanentError("no_readable_row", "the file has no row below its header; add at least one address")
    lease.log("info", "understood the file", findings=[finding.to_json() for finding in dialect.findings])
    with lease.transaction() as transaction:
        repository.save_dialect(transaction.connection, upload_id, dialect)
        repository.save_preview(transaction.connection, upload_id, names, preview)
        transaction.complete({"rowsRead": preview.tally.rows})
