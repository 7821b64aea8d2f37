"""CSV and TSV in UTF-8: a header, then a record for every row of the list."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, Final, cast

from mailsift.exporter.layout import Arranged, Layout, Told
from mailsift.exporter.rendering import Kind
from mailsift.exporter.writers.writer import AddedRows, CopiedRows, Rows, Writer
from mailsift.shared import formulas
from mailsift.shared.verdicts import Formulas
from mailsift.shared.writing import WritingOptions

COPY_WIDTH: Final = 100
"""The widest list that COPY writes. PostgreSQL walks an array from its start for every cell it is asked for, so that
time grows with the square of the width, and it selects 1,664 columns at most."""

# COPY writes an empty text as "" to tell it from NULL. The user's file knew no such difference, so nothing that is
# selected is NULL, and NULL is given another name. Only where a record is one cell are quotes wanted: readers take a
# blank line for no record.
_OPTIONS: Final = "FORMAT csv, DELIMITER E'{delimiter}', NULL '{null}', ENCODING 'UTF8'"
_NO_NULL: Final = r"\N"

# Percent signs are doubled for the driver. The first character is looked at first: the pattern takes ten times as long.
_INERT: Final = (
    f"CASE WHEN ascii({{cell}}) IN ({', '.join(map(str, formulas.FIRST))})"
    f" AND {{cell}} ~ '{formulas.PATTERN.replace('%', '%%').replace('{', '{{').replace('}', '}}')}'"
    f" THEN '{formulas.MARK * 2}' || {{cell}} ELSE coalesce({{cell}}, '') END"
)
_AS_IT_IS: Final = "coalesce({cell}, '')"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What tells one from the other."""

    content_type: str
    delimiter: str
    """One character, as Python and PostgreSQL both escape it."""

    def line(self, cells: Iterable[str]) -> bytes:
        r"""One record as COPY writes it; Python's csv module leaves a lone \r without quotes."""
        needs_quotes = re.compile(rf'["{self.delimiter}\r\n]')
        if (cells := list(cells)) == [""]:
            return b'""\n'
        quoted = ('"' + c.replace('"', '""') + '"' if needs_quotes.search(c) else c for c in cells)
        return (self.delimiter.encode().decode("unicode_escape").join(quoted) + "\n").encode()


CSV: Final = Dialect("text/csv; charset=utf-8", ",")
TSV: Final = Dialect("text/tab-separated-values; charset=utf-8", r"\t")


def delimited_writer(dialect: Dialect, layout: Layout, options: WritingOptions) -> Writer:
    """Write the user's columns and the answers as records."""
    return Writer(dialect.content_type, partial(_begin, dialect, layout, options))


@contextmanager
def _begin(dialect: Dialect, layout: Layout, options: WritingOptions, stream: IO[bytes]) -> Iterator[Rows]:
    clean = _clean(options)
    stream.write((BOM_UTF8 if options.bom else b"") + dialect.line(map(clean, layout.titles)))
    if layout.cells > COPY_WIDTH:
        arrange = layout.arranging("")

        def add(row: Sequence[object]) -> None:
            stream.write(_record(dialect, arrange, clean, row))

        yield AddedRows(add, layout.select(partial(_answer, layout, options)))
    else:
        values = (
            _text(options).format(cell=f"u1.columns[{source + 1}]")
            if isinstance(source := column.source, int)
            else _answer(layout, options, source)
            for column in layout.columns
        )
        null = "" if len(layout.columns) == 1 else _NO_NULL
        yield CopiedRows(stream, ", ".join(values), _OPTIONS.format(delimiter=dialect.delimiter, null=null))


def _record(
    dialect: Dialect,
    arrange: Callable[[Sequence[str], Sequence[object]], Arranged],
    clean: Callable[[str], str],
    row: Sequence[object],
) -> bytes:
    """Render a row that consists of its cells and the answers."""
    cells, *answers = cast("tuple[list[str], *tuple[str, ...]]", row)
    return dialect.line(cast("Sequence[str]", arrange([*map(clean, cells)], answers)))


def _answer(layout: Layout, options: WritingOptions, told: Told) -> str:
    """Select an answer as text: `true` and `false`, lists joined by |, nothing where nothing is known."""
    value = layout.typed(told)
    match told.answer.kind:
        case Kind.WORDS:
            return f"coalesce(array_to_string({value}, '|'), '')"
        case Kind.TEXT:
            return _text(options).format(cell=value)
        case _:
            return f"coalesce(({value})::text, '')"


def _text(options: WritingOptions) -> str:
    return _INERT if options.formulas is Formulas.NEUTRALISE else _AS_IT_IS


def _clean(options: WritingOptions) -> Callable[[str], str]:
    return formulas.inert if options.formulas is Formulas.NEUTRALISE else str
