"""Rows of CSV, TSV and plain text, read as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from mailsift.ingest.dialect import Dialect
from mailsift.ingest.formats.grammar import Grammar
from mailsift.ingest.formats.lines import Block, LineBlocks
from mailsift.ingest.formats.records import Records
from mailsift.ingest.formats.runs import data_runs, in_rows
from mailsift.ingest.rows import RejectedRow, RejectReason, Row, Run


class DelimitedTable:
    """The data rows of a stream of text, once."""

    def __init__(self, stream: BinaryIO, dialect: Dialect) -> None:
        self._blocks = LineBlocks(stream, dialect.encoding)
        self._dialect = dialect

    @property
    def bytes_read(self) -> int:
        """How many bytes of the stream have been used so far."""
        return self._blocks.bytes_read

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names in the header."""
        return self._dialect.column_names

    def __iter__(self) -> Iterator[Row | RejectedRow]:
        return in_rows(self.runs())

    def runs(self) -> Iterator[Run | RejectedRow]:
        """The same rows, many at a time."""
        return data_runs(_split(self._blocks, self._dialect), self._dialect)


def _split(blocks: Iterable[Block], dialect: Dialect) -> Iterator[Run | RejectedRow]:
    """Every row that is not blank, the header too."""
    if dialect.delimiter is None:
        return _split_text(blocks)
    grammar = Grammar(dialect.delimiter, dialect.quote)
    records = Records(grammar, width=len(dialect.column_names), email_columns=dialect.email_columns)
    return records.split(blocks)


def _split_text(blocks: Iterable[Block]) -> Iterator[Run | RejectedRow]:
    first = 1
    for block in blocks:
        if block.too_long:
            yield RejectedRow(first, RejectReason.ROW_TOO_LONG, block.lines[0])
        else:
            for row_number, line in enumerate(block.lines, start=first):
                if not line.isspace():
                    yield Run(row_number, [[line.rstrip("\r\n")]])
        first += len(block.lines)
