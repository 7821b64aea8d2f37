"""What every format gives: rows, one after the other, and how far the file has been read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from mailsift.ingest.dialect import Dialect
from mailsift.ingest.rows import RejectedRow, Row, Run


class Table(Protocol):
    """The data rows of a file, once: neither header nor blank rows, nor what stands above them.

    The same file gives the same rows each time, and no more of it is in memory than a bounded part.
    """

    @property
    def bytes_read(self) -> int:
        """How many bytes of the stored file have been used so far."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of all columns met so far; those of the dialect come first."""

    def __iter__(self) -> Iterator[Row | RejectedRow]:
        """Read on."""

    def runs(self) -> Iterator[Run | RejectedRow]:
        """Read on, many rows at a time where that is how they are read."""


def data_rows(rows: Iterable[Row | RejectedRow], dialect: Dialect) -> Iterator[Row | RejectedRow]:
    """Leave out the header and what stands above it; only rows that can be read count, for so they were found."""
    source = iter(rows)
    left = dialect.skipped_rows + dialect.has_header
    while left:
        row = next(source, None)
        if row is None:
            return
        if isinstance(row, Row):
            left -= 1
        else:
            yield row
    yield from source
