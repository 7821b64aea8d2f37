"""Delimiter and quote: the reading of the sample that finds the most addresses in one column; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from mailsift.ingest.detection.columns import Census, count_cells, main_email_column, named_in_front
from mailsift.ingest.formats.grammar import Grammar
from mailsift.ingest.formats.lines import Block
from mailsift.ingest.formats.records import Records
from mailsift.ingest.formats.runs import in_rows
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
    census: Census
    score: float
    is_quoted: bool = False
    """Whether the quotation mark stands anywhere."""
    is_too_wide: bool = False
    """Whether most rows have more columns than can be read."""

    @property
    def confidence(self) -> float:
        """How sure the delimiter is."""
        return round(0.5 + 0.5 * self.census.consistency, 2)


def find_layout(lines: list[str], delimiter: str | None) -> Layout:
    """The best reading of these lines, with this delimiter if one is given; plain text if no other is better.

    Raises PermanentError `too_many_columns` if most lines have too many and nothing else makes sense of them.
    """
    block = Block(lines)
    quotes = ['"', "'"] if _has_single_quotes(lines) else ['"']
    delimiters = (delimiter,) if delimiter else tuple(_DELIMITERS)
    readings = [_read(block, candidate, quote) for quote in quotes for candidate in delimiters]
    layouts = [layout for layout in readings if not layout.is_too_wide]
    if not delimiter:
        text = _assess(None, None, [[line.rstrip("\r\n")] for line in lines])
        layouts = [*(layout for layout in layouts if _parts(layout, lines)), text]
    best = max(layouts, key=lambda layout: layout.score, default=None)
    if best is None or (best.delimiter is None and any(layout.is_too_wide for layout in readings)):
        raise PermanentError(
            "too_many_columns", f"The rows have more than {MAX_COLUMNS} columns. Please upload fewer of them."
        )
    return best


def _read(block: Block, delimiter: str, quote: str) -> Layout:
    records = list(in_rows(Records(Grammar(delimiter, quote), width=0, email_columns=()).split([block])))
    rows = [row.columns for row in records if isinstance(row, Row)]
    too_wide = sum(row.reason is RejectReason.TOO_MANY_COLUMNS for row in records if isinstance(row, RejectedRow))
    is_quoted = any(quote in line for line in block.lines)
    return replace(_assess(delimiter, quote, rows), is_quoted=is_quoted, is_too_wide=too_wide > len(rows))


def _assess(delimiter: str | None, quote: str | None, rows: list[list[str]]) -> Layout:
    census = count_cells(rows, whole_line=delimiter is None)
    _, worth = main_email_column(census, named_in_front(rows, census))
    weight = _DELIMITERS.get(delimiter or "", 1.0) if census.width > 1 else _WEIGHT_OF_ONE_COLUMN
    return Layout(delimiter, quote, rows, census, worth * (0.6 + 0.4 * census.consistency) * weight)


def _parts(layout: Layout, lines: list[str]) -> bool:
    """Whether a delimiter parts anything; a single column in quotes is CSV, too."""
    return layout.census.width > 1 or (layout.delimiter == "," and _has_quotes(lines, layout.quote or ""))


def _has_quotes(lines: list[str], quote: str) -> bool:
    return any(line.lstrip().startswith(quote) for line in lines)


def _has_single_quotes(lines: list[str]) -> bool:
    return sum(_SINGLE_QUOTED.search(line) is not None for line in lines) > 0.3 * len(lines)
