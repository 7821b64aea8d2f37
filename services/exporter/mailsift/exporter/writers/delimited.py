"""CSV in UTF-8: a header, then a record for every row of the list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, cast

from mailsift.exporter import rendering
from mailsift.exporter.rendering import Shape
from mailsift.exporter.writers.writer import CopyWriter, RowWriter, Writer

CONTENT_TYPE: Final = "text/csv; charset=utf-8"

COPY_WIDTH: Final = 100
"""The widest list that COPY writes. PostgreSQL walks an array from its start for every cell it is asked for, so that
time grows with the square of the width, and it selects 1,664 columns at most."""

# COPY writes an empty text as "" to tell it from NULL. The user's file knew no such difference, so nothing that is
# selected is NULL, and NULL is given another name.
_OPTIONS: Final = r"FORMAT csv, NULL '\N', ENCODING 'UTF8'"


def csv_writer(shape: Shape) -> Writer:
    """Write the user's columns and the answers as CSV."""
    width = len(shape.columns)
    header = rendering.csv_line((*shape.columns, *rendering.answer_names(shape)))
    answers = rendering.csv_answers(shape)
    if width > COPY_WIDTH:
        return RowWriter(CONTENT_TYPE, f"u1.columns, {answers}", partial(_record, width), header)
    return CopyWriter(CONTENT_TYPE, f"{rendering.csv_cells(shape)}, {answers}", _OPTIONS, header)


def _record(width: int, row: Sequence[object]) -> bytes:
    """Render a row that consists of its cells and the answers."""
    cells, *answers = cast("tuple[list[str], *tuple[str, ...]]", row)
    return rendering.csv_line([*cells, *[""] * (width - len(cells)), *answers])
