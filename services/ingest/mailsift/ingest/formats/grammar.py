"""What delimiter and quote make of lines: cells, an open quote, a breach of the rules; pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mailsift.ingest.rows import MAX_ROW_LENGTH

if TYPE_CHECKING:
    import _csv

END: Final = "\0"
"""Fed after the last line, it tells whether the record before it was still open there: no line holds a NUL."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """The standard library's reader, asked the questions that it answers only in a roundabout way."""

    delimiter: str
    quote: str | None

    def reader(self, lines: Iterable[str], *, strict: bool = False) -> _csv.Reader:
        """A reader that forgives what it can unless it is `strict`."""
        # The module's own limit, 128 KiB a cell, is one for the whole process.
        csv.field_size_limit(2 * MAX_ROW_LENGTH)
        # Without a quotation mark the module takes quoting to be off.
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=strict)

    def cells(self, line: str) -> list[str] | None:
        """The cells of one line; None if it leaves a quote open."""
        reader = self.reader((line, END))
        cells = next(reader)
        return cells if reader.line_num == 1 else None

    def closes(self, line: str) -> bool:
        """Whether a line that begins inside a quote ends outside of one."""
        return self.cells(f"{self.quote}{line}") is not None

    def is_well_formed(self, lines: list[str], *, is_open: bool) -> bool:
        """Whether every closing quote stands before a delimiter or a line end."""
        closed = [*lines, self.quote or ""] if is_open else lines
        try:
            for _ in self.reader(closed, strict=True):
                pass
        except csv.Error:
            return False
        return True
