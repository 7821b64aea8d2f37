"""What a worker of ingest does to a file between the storage and the database, looked at closely."""

from __future__ import annotations

import io
from itertools import islice

from copied import read_entries
from fuzz.cases import Case
from mailsift.ingest.batching import BatchLimits, batches
from mailsift.ingest.dialect import Dialect
from mailsift.ingest.entries import Entries
from mailsift.ingest.formats.table import Table
from mailsift.ingest.opening import Opener
from mailsift.ingest.repeats import Repeats
from mailsift.shared.errors import PermanentError

_MOST_ROWS_LOOKED_AT = 2_000


def take_in(case: Case, codes: frozenset[str]) -> str:
    """Read a file to its end; returns the code with which it was refused, or "read".

    Raises what ought not to happen, and AssertionError for what ought to hold and does not.
    """
    try:
        _read(case)
    except PermanentError as error:
        if error.code not in codes or not error.message:
            raise AssertionError(f"nobody knows the code {error.code}") from error
        return error.code
    return "read"


def _read(case: Case) -> None:
    size = len(case.content)
    opener = Opener()
    dialect = opener.understand(io.BytesIO(case.content), case.options, _go_on)
    with opener.table(io.BytesIO(case.content), size, dialect, _go_on) as table:
        _read_rows(table, dialect, size)


def _go_on() -> None:
    """No job ends here."""


def _read_rows(table: Table, dialect: Dialect, size: int) -> None:
    entries = Entries("an-id", dialect, Repeats())
    looked_at = 0
    for batch in batches(table.runs(), entries, BatchLimits(rows=1000), lambda: 0.0):
        for lines in batch:
            assert 0 <= table.bytes_read <= size
            lines.encode(errors="replace")
            if looked_at < _MOST_ROWS_LOOKED_AT:
                _look_at(lines, looked_at)
            looked_at += lines.count("\n")
        counts = batch.counts
        assert counts.duplicates <= counts.emails >= counts.valid
        assert len(counts.rejected) <= counts.rows
    assert set(dialect.column_names) <= set(table.column_names)


def _look_at(lines: str, before: int) -> None:
    for number, entry in enumerate(islice(read_entries(lines), _MOST_ROWS_LOOKED_AT), before + 1):
        assert entry.sequence_number == number
        assert entry.is_valid_format == (entry.domain is not None)
        assert entry.duplicate_of is None or entry.duplicate_of < number
