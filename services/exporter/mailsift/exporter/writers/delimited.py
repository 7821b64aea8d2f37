"""CSV and TSV in UTF-8: a header, then a record for every row of the list."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, Final, cast

from mailsift.exporter import rendering
from mailsift.exporter.rendering import ANSWERS, Answer, Kind, Shape
from mailsift.exporter.writers.writer import AddedRows, CopiedRows, Rows, Writer
from mailsift.shared import formulas
from mailsift.shared.verdicts import Formulas
from mailsift.shared.writing import WritingOptions

COPY_WIDTH: Final = 100
"""The widest list that COPY writes. PostgreSQL walks an array from its start for every cell it is asked for, so that
time grows with the square of the width, and it selects 1,664 columns at most."""

# COPY writes an empty text as "" to tell it from NULL. The user's file knew no such difference, so nothing that is
# selected is NULL, and NULL is given another name.
_OPTIONS: Final = r"FORMAT csv, DELIMITER E'{delimiter}', NULL '\N', ENCODING 'UTF8'"

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
        quoted = ('"' + c.replace('"', '""') + '"' if needs_quotes.search(c) else c for c in cells)
        return (self.delimiter.encode().decode("unicode_escape").join(quoted) + "\n").encode()


CSV: Final = Dialect("text/csv; charset=utf-8", ",")
TSV: Final = Dialect("text/tab-separated-values; charset=utf-8", r"\t")


def delimited_writer(dialect: Dialect, shape: Shape, options: WritingOptions) -> Writer:
    """Write the user's columns and the answers as records."""
    return Writer(dialect.content_type, partial(_begin, dialect, shape, options))


@contextmanager
def _begin(dialect: Dialect, shape: Shape, options: WritingOptions, stream: IO[bytes]) -> Iterator[Rows]:
    clean = _clean(options)
    header = map(clean, (*shape.columns, *rendering.answer_names(shape)))
    stream.write((BOM_UTF8 if options.bom else b"") + dialect.line(header))
    width = len(shape.columns)
    answers = ", ".join(_answers(shape, options))
    if width > COPY_WIDTH:

        def add(row: Sequence[object]) -> None:
            stream.write(_record(dialect, width, clean, row))

        yield AddedRows(add, f"u1.columns, {answers}")
    else:
        cells = (_text(options).format(cell=f"u1.columns[{number}]") for number in range(1, width + 1))
        selected = ", ".join((*cells, answers))
        yield CopiedRows(stream, selected, _OPTIONS.format(delimiter=dialect.delimiter))


def _record(dialect: Dialect, width: int, clean: Callable[[str], str], row: Sequence[object]) -> bytes:
    """Render a row that consists of its cells and the answers."""
    cells, *answers = cast("tuple[list[str], *tuple[str, ...]]", row)
    return dialect.line([*map(clean, cells), *[""] * (width - len(cells)), *answers])


def _answers(shape: Shape, options: WritingOptions) -> Iterator[str]:
    """Select the answers as text: `true` and `false`, lists joined by |, nothing where nothing is known."""
    for entry in shape.entries:
        for answer in ANSWERS:
            yield _answer(answer, shape.value(answer, entry), options)


def _answer(answer: Answer, value: str, options: WritingOptions) -> str:
    match answer.kind:
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
