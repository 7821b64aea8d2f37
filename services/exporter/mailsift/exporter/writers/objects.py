"""JSON in UTF-8, as lines or as one array: an object a row, its cells below `columns`, the answers below `result`.

Where columns were chosen or renamed, an object has just these, one beside the other.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING, Final

from mailsift.exporter import rendering
from mailsift.exporter.layout import Column, Layout
from mailsift.exporter.rendering import ANSWERS, EVIDENCE, ROW, Shape
from mailsift.exporter.writers.writer import CopiedRows, Rows, Writer

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BUFFER: Final = 1024 * 1024

# COPY's text format would double every backslash. As CSV a line passes as it is: JSON writes control characters in
# their escaped form, so there is nothing in it that these two would make COPY quote.
_OPTIONS: Final = r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02', ENCODING 'UTF8'"


def json_lines_writer(layout: Layout) -> Writer:
    """Write the user's columns and the answers as JSON Lines."""
    return Writer("application/x-ndjson", partial(_begin_lines, layout))


def json_writer(layout: Layout) -> Writer:
    """Write the same objects, still one a line, as the elements of one array."""
    return Writer("application/json", partial(_begin_array, layout))


@contextmanager
def _begin_lines(layout: Layout, stream: IO[bytes]) -> Iterator[Rows]:
    if layout.is_chosen:
        names = [f"{json.dumps(key, ensure_ascii=False)}: " for key in rendering.json_keys(layout.titles)]
        parameters = {f"name_{number}": name for number, name in enumerate(names)}
        yield CopiedRows(stream, _flat_object(layout), _OPTIONS, parameters)
    else:
        keys = rendering.json_keys(layout.shape.columns)
        yield CopiedRows(stream, _object(layout.shape), _OPTIONS, {"keys": keys})


@contextmanager
def _begin_array(layout: Layout, stream: IO[bytes]) -> Iterator[Rows]:
    stream.write(b"[\n")
    elements = io.BufferedWriter(_Elements(stream), _BUFFER)
    with _begin_lines(layout, elements) as rows:
        yield rows
    elements.flush()
    stream.write(b"\n]\n")


class _Elements(io.RawIOBase):
    """Lines on their way into an array: a comma between each two, and the end of the last left off."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._ended = False

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        lines = bytes(data)
        begun = b",\n" if self._ended else b""
        self._ended = lines.endswith(b"\n")
        self._stream.write(begun + lines.removesuffix(b"\n").replace(b"\n", b",\n"))
        return len(lines)


def _flat_object(layout: Layout) -> str:
    """Select a row as one JSON object; `name_0` and so on are bound to the names and what stands behind them.

    PostgreSQL's own function for it takes fifty of them at most. A cell that the row has not is null.
    """
    pairs = (f"%(name_{number})s || {_json(layout, column)}" for number, column in enumerate(layout.columns))
    return f"'{{' || array_to_string(ARRAY[{', '.join(pairs)}], ', ') || '}}'"


def _json(layout: Layout, column: Column) -> str:
    source = column.source
    value = f"u1.columns[{source + 1}]" if isinstance(source, int) else layout.typed(source)
    return f"coalesce(to_json({value})::text, 'null')"


def _object(shape: Shape) -> str:
    """Select a row as one JSON object; `keys` is bound to the keys of the columns.

    A cell that the row has not is absent, which an empty one is not.
    """
    columns = "json_object((%(keys)s::text[])[1:cardinality(u1.columns)], u1.columns)"
    return f"json_build_object('row', {shape.value(ROW, 1)}, 'columns', {columns}, {_answers(shape)})"


def _answers(shape: Shape) -> str:
    if len(shape.email_columns) == 1:
        return _answer(shape, 1)
    answers = (
        f"""json_build_object('column', (%(keys)s::text[])[{column + 1}], {_answer(shape, entry)})"""
        for entry, column in zip(shape.entries, shape.email_columns, strict=True)
    )
    return f"'emails', json_build_array({', '.join(answers)})"


def _answer(shape: Shape, entry: int) -> str:
    pairs = (f"'{answer.name}', {shape.value(answer, entry)}" for answer in (*ANSWERS, *EVIDENCE))
    return f"""'address', u{entry}."emailAddress", 'result', json_build_object({", ".join(pairs)})"""
