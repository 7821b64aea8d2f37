"""The tables of formats that name their own columns, or need no names: JSON, JSON Lines and mailboxes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.formats.json_lines import JsonLines
from mailsift.ingest.formats.json_rows import JsonRows
from mailsift.ingest.formats.mailboxes import Mailboxes
from mailsift.ingest.formats.runs import in_runs
from mailsift.ingest.formats.table import data_rows
from mailsift.ingest.rows import RejectedRow, Row, Run


class Rows(Protocol):
    """What these formats have in common."""

    @property
    def bytes_read(self) -> int:
        """How many bytes of the stream have been used so far."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of columns that rows have brought so far."""

    def __iter__(self) -> Iterator[Row | RejectedRow]:
        """Read on."""


class StructuredTable:
    """The data rows of a stream, once; columns that come up later are put behind the others."""

    def __init__(self, stream: BinaryIO, dialect: Dialect) -> None:
        self._rows = _open(stream, dialect)
        self._dialect = dialect

    @property
    def bytes_read(self) -> int:
        """How many bytes of the stream have been used so far."""
        return self._rows.bytes_read

    @property
    def column_names(self) -> tuple[str, ...]:
        """Those of the dialect, which may have others than the file, and those that came up since."""
        known = self._dialect.column_names
        return known + self._rows.names[len(known) :]

    def __iter__(self) -> Iterator[Row | RejectedRow]:
        return data_rows(self._rows, self._dialect)

    def runs(self) -> Iterator[Run | RejectedRow]:
        """The same rows."""
        return in_runs(self)


def _open(stream: BinaryIO, dialect: Dialect) -> Rows:
    match dialect.format:
        case Format.JSON:
            return JsonRows(stream, dialect.encoding, dialect.sheet)
        case Format.JSONL:
            return JsonLines(stream, dialect.encoding)
        case Format.MAILBOXES:
            return Mailboxes(stream, dialect.encoding)
        case _:
            raise AssertionError(dialect.format)
