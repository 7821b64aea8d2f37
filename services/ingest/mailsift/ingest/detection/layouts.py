"""Delimiter, quote and e-mail column: the reading of the sample that finds the most addresses in one column; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mailsift.ingest.detection.addresses import bears_address, is_address
from mailsift.ingest.detection.headers import email_word_weight
from mailsift.ingest.formats.grammar import Grammar
from mailsift.ingest.formats.lines import Block
from mailsift.ingest.formats.records import Records
from mailsift.ingest.rows import Row

_DELIMITERS: Final = (",", ";", "\t", "|")
_SINGLE_QUOTED: Final = re.compile(r"(?:^|[,;\t|])'[^']*'(?:[,;\t|]|\s*$)")

# A cell with an at-sign somewhere, beside one that is an address.
_WEIGHT_OF_BEARING: Final = 0.2
# One column is what remains when no delimiter makes sense of the lines.
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
    email_column: int
    has_addresses: bool
    score: float

    def cell(self, row: int) -> str:
        """The e-mail cell of a row; empty where the row is too short."""
        cells = self.rows[row]
        return cells[self.email_column] if self.email_column < len(cells) else ""

    def share_of_addresses(self, *, without_first: bool) -> float:
        """How many of the filled e-mail cells look like addresses."""
        cells = [self.cell(row) for row in range(int(without_first), len(self.rows))]
        filled = [cell for cell in cells if cell.strip()]
        return sum(is_address(cell, whole_line=self.delimiter is None) for cell in filled) / max(1, len(filled))


def find_layout(lines: list[str]) -> Layout:
    """The best reading of these lines; plain text if no other is better."""
    block = Block(lines)
    quotes = ['"', "'"] if _has_single_quotes(lines) else ['"']
    layouts = [
        layout
        for quote in quotes
        for delimiter in _DELIMITERS
        if (layout := _read(block, delimiter, quote)).width > 1 or (delimiter == "," and _has_quotes(lines, quote))
    ]
    text = _assess(None, None, [[line.rstrip("\r\n")] for line in lines])
    return max([*layouts, text], key=lambda layout: layout.score)


def _read(block: Block, delimiter: str, quote: str) -> Layout:
    records = Records(Grammar(delimiter, quote), width=0, email_columns=()).split([block])
    return _assess(delimiter, quote, [row.columns for row in records if isinstance(row, Row)])


def _assess(delimiter: str | None, quote: str | None, rows: list[list[str]]) -> Layout:
    # Of two widths equally frequent this takes the one met first: the header's, if there is one.
    width, count = next(iter(Counter(map(len, rows)).most_common(1)), (1, 0))
    consistency = count / max(1, len(rows))
    addresses, bearing = _count_addresses(rows, whole_line=delimiter is None)
    header = rows[0] if rows else []

    def worth(column: int) -> float:
        found = addresses[column] + _WEIGHT_OF_BEARING * (bearing[column] - addresses[column])
        # A column named "email" that says yes and no stands behind one that holds addresses.
        is_named = column < len(header) and (bearing[column] or not bearing)
        return found / max(1, len(rows)) + (email_word_weight(header[column]) if is_named else 0.0)

    columns: Iterable[int] = range(max(width, len(header), 1 + max(bearing, default=0)))
    email_column = max(columns, key=worth)
    score = worth(email_column) * (0.6 + 0.4 * consistency) * (1 if width > 1 else _WEIGHT_OF_ONE_COLUMN)
    return Layout(delimiter, quote, rows, width, consistency, email_column, bearing[email_column] > 0, score)


def _count_addresses(rows: list[list[str]], *, whole_line: bool) -> tuple[Counter[int], Counter[int]]:
    """For each column: cells that are an address, and cells with one somewhere inside."""
    addresses: Counter[int] = Counter()
    bearing: Counter[int] = Counter()
    for row in rows:
        for column, cell in enumerate(row):
            if bears_address(cell):
                bearing[column] += 1
                addresses[column] += is_address(cell, whole_line=whole_line)
    return addresses, bearing


def _has_quotes(lines: list[str], quote: str) -> bool:
    return any(line.lstrip().startswith(quote) for line in lines)


def _has_single_quotes(lines: list[str]) -> bool:
    return sum(_SINGLE_QUOTED.search(line) is not None for line in lines) > 0.3 * len(lines)
