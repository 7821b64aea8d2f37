"""Parquet: the user's columns as text, the answers in their types, a group of rows at a time.

Only this file knows pyarrow, which is an extra: it takes more room than all the rest together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import IO, Final, cast

import pyarrow as pa
from pyarrow import parquet

from mailsift.exporter import rendering
from mailsift.exporter.layout import Layout
from mailsift.exporter.rendering import Kind
from mailsift.exporter.writers.writer import AddedRows, Rows, Writer
from mailsift.shared.errors import PermanentError

COLUMNS: Final = 1000
"""The end of a file tells of every column of every group of rows, and is held in memory until it is written."""

_ROWS_OF_A_GROUP: Final = 20_000
_BYTES_OF_A_GROUP: Final = 16 * 1024 * 1024
_BYTES_OF_A_CELL: Final = 8  # of a list of Python's, be there text in it or not

_TYPES: Final = {Kind.NUMBER: pa.int64(), Kind.FLAG: pa.bool_(), Kind.WORDS: pa.list_(pa.string())}

Row = Sequence[object]


def parquet_writer(layout: Layout) -> Writer:
    """Write the user's columns and the answers. Raises PermanentError `too_many_columns`."""
    if len(layout.columns) > COLUMNS:
        raise PermanentError(
            "too_many_columns", f"Parquet is written with {COLUMNS:,} columns at most: ask for csv, or for fewer"
        )
    return Writer("application/vnd.apache.parquet", partial(_begin, layout))


def schema_of(layout: Layout) -> pa.Schema:
    """Name the columns, each by a name of its own, and say what they hold."""
    sources = (column.source for column in layout.columns)
    types = [
        pa.string() if isinstance(source, int) else _TYPES.get(source.answer.kind, pa.string()) for source in sources
    ]
    return pa.schema(zip(rendering.json_keys(layout.titles), types, strict=True))


@contextmanager
def _begin(layout: Layout, stream: IO[bytes]) -> Iterator[Rows]:
    schema = schema_of(layout)
    groups = _Groups(parquet.ParquetWriter(stream, schema), schema, layout)
    yield AddedRows(groups.add, layout.select(layout.typed))
    groups.close()


class _Groups:
    """Rows on their way into groups."""

    def __init__(self, file: parquet.ParquetWriter, schema: pa.Schema, layout: Layout) -> None:
        self._file = file
        self._schema = schema
        self._arrange = layout.arranging(None)
        self._rows: list[Row] = []
        self._size = 0

    def add(self, row: Row) -> None:
        """Add a row that consists of its cells and the answers; cells that it has not are null."""
        cells, *answers = cast("tuple[list[str], *tuple[object, ...]]", row)
        self._rows.append(self._arrange(cells, answers))
        self._size += sum(map(len, cells)) + _BYTES_OF_A_CELL * len(self._schema)
        if len(self._rows) == _ROWS_OF_A_GROUP or self._size > _BYTES_OF_A_GROUP:
            self._write()

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        self._write()
        self._file.close()

    def _write(self) -> None:
        columns = zip(*self._rows, strict=True) if self._rows else [()] * len(self._schema)
        arrays = [pa.array(column, each.type) for column, each in zip(columns, self._schema, strict=True)]
        self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows, self._size = [], 0
