"""A table out of a packed stream."""

from __future__ import annotations

from collections.abc import Iterator

from mailsift.ingest.containers.bounds import Meter
from mailsift.ingest.formats.table import Table
from mailsift.ingest.rows import RejectedRow, Row, Run


class PackedTable:
    """The rows of a table; how far it has been read is told of what is stored, not of what comes out of it."""

    def __init__(self, table: Table, meter: Meter) -> None:
        self._table = table
        self._meter = meter

    @property
    def bytes_read(self) -> int:
        """How many stored bytes have been used so far."""
        return self._meter.stored

    @property
    def column_names(self) -> tuple[str, ...]:
        """As in the table."""
        return self._table.column_names

    def __iter__(self) -> Iterator[Row | RejectedRow]:
        return iter(self._table)

    def runs(self) -> Iterator[Run | RejectedRow]:
        """The same rows, many at a time."""
        return self._table.runs()
