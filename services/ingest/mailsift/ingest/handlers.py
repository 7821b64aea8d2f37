"""Takes an uploaded file into "uploadEmails": understand it, load it, mark what repeats."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailsift.ingest import repository
from mailsift.ingest.batching import Batch, BatchLimits, batches
from mailsift.ingest.bringing import Bringer
from mailsift.ingest.checkpoint import Checkpoint
from mailsift.ingest.entries import Entries
from mailsift.ingest.formats.runs import skip
from mailsift.ingest.formats.table import Table
from mailsift.ingest.opening import Opener
from mailsift.ingest.previewing import is_preview, preview_list
from mailsift.ingest.repeats import ROOM, Repeats
from mailsift.ingest.repository import Source
from mailsift.ingest.totals import Totals
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.observability.metrics import ROWS
from mailsift.shared.storage import Storage

_PARSED = ROWS.labels("parsed")

_BYTES_OF_A_ROW = 40
"""Roughly, and rather too few: it is only a guess at how many rows come."""


@dataclass(frozen=True, slots=True)
class IngestDeps:
    """What the handlers work with."""

    storage: Storage
    limits: BatchLimits
    opener: Opener = field(default_factory=Opener)
    bringer: Bringer = field(default_factory=Bringer)


def process_file(deps: IngestDeps, lease: Lease) -> None:
    """Load one file, from its beginning or from where the last attempt came to; or only look at it."""
    upload_id = lease.job.subject.upload()
    with lease.reading() as connection:
        source = repository.load_source(connection, upload_id)
    if not source.fetched:
        source = deps.bringer.bring(deps.storage, lease, source)
    if is_preview(lease):
        preview_list(deps.storage, deps.opener, lease, upload_id, source)
        return
    lease.report(0, total=source.size, step="reading")
    stored = lease.job.checkpoint
    state = Checkpoint.from_json(stored) if stored else _understand(deps, lease, upload_id, source)
    # An attempt that goes on has not seen what stands above.
    repeats = Repeats(room=0 if state.rows else ROOM, expected=source.size // _BYTES_OF_A_ROW)
    state = _load(deps, lease, source, state, repeats)
    if state.rows == 0:
        raise PermanentError("no_readable_row", "the file has no row below its header; add at least one address")
    lease.report(step="marking duplicates")
    _finish(lease, upload_id, state, repeats)


def _understand(deps: IngestDeps, lease: Lease, upload_id: uuid.UUID, source: Source) -> Checkpoint:
    with deps.storage.open(source.storage_key) as stream:
        dialect = deps.opener.understand(stream, source.options, lease.check)
    state = Checkpoint(dialect)
    lease.log("info", "understood the file", findings=[finding.to_json() for finding in dialect.findings])
    with lease.transaction() as transaction:
        repository.save_dialect(transaction.connection, upload_id, dialect)
        transaction.checkpoint(state.to_json())
    return state


def _load(deps: IngestDeps, lease: Lease, source: Source, state: Checkpoint, repeats: Repeats) -> Checkpoint:
    upload_id = lease.job.subject.upload()
    dialect = state.dialect
    watch = _Watch(lease)
    with (
        deps.storage.open(source.storage_key) as stream,
        deps.opener.table(stream, source.size, dialect, watch) as table,
    ):
        watch.table = table
        entries = Entries(str(upload_id), dialect, repeats, after=state.rows)
        for batch in batches(skip(table.runs(), state.rows), entries, deps.limits, time.monotonic):
            with lease.transaction() as transaction:
                repository.wait_for_no_disk(transaction.connection)
                lines = _within(_watched(batch, watch), batch, source.allowance.upload_rows, state.rows)
                repository.copy_entries(transaction.connection, lines)
                repository.copy_rejected(transaction.connection, upload_id, batch.counts.rejected)
                if table.column_names != dialect.column_names:
                    repository.save_column_names(transaction.connection, upload_id, dialect.kept(table.column_names))
                state = state.after(batch)
                transaction.checkpoint(state.to_json(), processed=table.bytes_read)
            _PARSED.inc(batch.counts.rows)
    return state


class _Watch:
    """Asks whether the job may go on, and tells how far it is: for every block of the file, with rows in it or not."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self.table: Table | None = None

    def __call__(self) -> None:
        self._lease.check()
        if self.table is not None:
            self._lease.report(self.table.bytes_read)


def _watched(batch: Batch, watch: _Watch) -> Iterator[str]:
    for lines in batch:
        watch()
        yield lines


def _within(lines: Iterable[str], batch: Batch, most: int | None, rows: int) -> Iterator[str]:
    """Pass rows on while there are no more than the plan allows. Raises PermanentError."""
    for part in lines:
        if most is not None and rows + batch.counts.rows > most:
            raise PermanentError("too_many_rows", f"the list has more than the {most} rows that the plan allows")
        yield part


def _finish(lease: Lease, upload_id: uuid.UUID, state: Checkpoint, repeats: Repeats) -> None:
    with lease.transaction() as transaction:
        duplicates = state.duplicates
        if repeats.forgets_after is not None:
            duplicates += repository.mark_duplicates(transaction.connection, upload_id, after=repeats.forgets_after)
        suppressed = repository.count_suppressed(transaction.connection, upload_id, lease.job.workspace_id)
        totals = Totals.of(state, duplicates, suppressed)
        repository.save_totals(transaction.connection, upload_id, totals)
        counts = totals.to_json()
        lease.log("info", "loaded the list", **counts)
        for warning in totals.warnings:
            lease.log("warning", warning.value, duplicateShare=round(totals.duplicate_share, 3))
        record(transaction.connection, lease.job, Activity.FILE_PROCESSED, upload_id, counts)
        transaction.complete(counts)
