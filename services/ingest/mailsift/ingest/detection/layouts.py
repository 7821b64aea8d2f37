"""Delimiter and quote: the reading of the sample that finds the most addresses in one column; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mailsift.ingest.detection.columns import count_cells, main_email_column, named_in_front
from mailsift.ingest.formats.grammar import Grammar
from mailsift.ingest.formats.lines import Block
from mailsift.ingest.formats.records import Records
from mailsift.ingest.rows import MAX_COLUMNS, RejectedRow, RejectReason, Row
from mailsift.shared.errors import PermanentError

_SINGLE_QUOTED: Final = re.compile(r"(?:^|[,;\t|])'[^']*'(?:[,;\t|]|\s*$)")

# By how often each parts the cells of a list. A colon stands in times and in links too, so that plain text, which is
# what remains when no delimiter makes sense of the lines, is preferred to it.
_DELIMITERS: Final = {",": 1.0, ";": 1.0, "\t": 1.0, "|": 1.0, "^": 0.9, "~": 0.9, ":": 0.55}
_WEIGHT_OF_ONE_COLUMN: Final = 0.6


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to read the sample, and how good it is."""

    delimiter: str | None
    quote: str | None
    rows: list[list[str]]
    width: int
    """Of most rows."""
    consistency: float
    """The share of rows of that width."""
    is_quoted: bool
    """Whether the quotation mark stands anywhere."""
    score: float

    @property
    def confidence(self) -> float:
        """How sure the delimiter is."""
        return round(0.5 + 0.5 * self.consistency, 2)


def find_layout(lines: list[str], delimiter: str | None) -> Layout:
    """The best reading of these lines, with this delimiter if one is given; plain text if no other is better.

    Raises PermanentError `too_many_columns` when that is what a delimiter makes of most lines.
    """
    block = Block(lines)
    quotes = ['"', "'"] if _has_single_quotes(lines) else ['"']
    if delimiter:
        return max((_read(block, delimiter, quote) for quote in quotes), key=lambda layout: layout.score)
    layouts = [
        layout
        for quote in quotes
        for delimiter in _DELIMITERS
        if (layout := _read(block, delimiter, quote)).width > 1 or (delimiter == "," and _has_quotes(lines, quote))
    ]
    text = _assess(None, None, [[line.rstrip("\r\n")] for line in lines])
    return max([*layouts, text], key=lambda layout: layout.score)


def _read(block: Block, delimiter: str, quote: str) -> Layout:
    records = list(Records(Grammar(delimiter, quote), width=0, email_columns=()).split([block]))
    rows = [row.columns for row in records if isinstance(row, Row)]
    too_wide = sum(row.reason is RejectReason.TOO_MANY_COLUMNS for row in records if isinstance(row, RejectedRow))
    if too_wide > len(rows):
        raise PermanentError(
            "too_many_columns", f"The rows have more than {MAX_COLUMNS} columns. Please upload fewer of them."
        )
    return _assess(delimiter, quote, rows, is_quoted=any(quote in line for line in block.lines))


def _assess(delimiter: str | None, quote: str | None, rows: list[list[str]], *, is_quoted: bool = False) -> Layout:
    census = count_cells(rows, whole_line=delimiter is None)
    _, worth = main_email_column(census, named_in_front(rows, census))
    weight = _DELIMITERS.get(delimiter or "", 1.0) if census.width > 1 else _WEIGHT_OF_ONE_COLUMN
    score = worth * (0.6 + 0.4 * census.consistency) * weight
    return Layout(delimiter, quote, rows, census.width, census.consistency, is_quoted, score)


def _has_quotes(lines: list[str], quote: str) -> bool:
    return any(line.lstrip().startswith(quote) for line in lines)


def _has_single_quotes(lines: list[str]) -> bool:
    return sum(_SINGLE_QUOTED.search(line) is not None for line in lines) > 0.3 * len(lines)
