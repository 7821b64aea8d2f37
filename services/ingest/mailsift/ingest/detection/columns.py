"""Which columns of some rows hold e-mail addresses, told from the cells and the names above them; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mailsift.ingest.detection.addresses import bears_address, is_address
from mailsift.ingest.detection.headers import MAX_ROWS_IN_FRONT, email_word_weight
from mailsift.shared.answers import answer_prefix

MAX_EMAIL_COLUMNS: Final = 16
"""Each is an entry of its own in every row; a file of ten thousand columns of addresses must end somewhere."""

# A cell with an at-sign somewhere, beside one that is an address.
_WEIGHT_OF_BEARING: Final = 0.2

Rows = Sequence[list[str]]


@dataclass(frozen=True, slots=True)
class Census:
    """What was counted in each column."""

    rows: int
    width: int
    """Of most rows."""
    consistency: float
    """The share of rows of that width."""
    filled: Counter[int]
    bearing: Counter[int]
    """Cells with an address somewhere inside."""
    addresses: Counter[int]
    """Cells that are one."""

    def share_of_addresses(self, column: int) -> float:
        """How many of the filled cells of a column are addresses."""
        return self.addresses[column] / max(1, self.filled[column])

    def email_columns(self, main: int, names: Sequence[str]) -> tuple[int, ...]:
        """Columns of which most filled cells are addresses, and the main one whatever it holds.

        The answers of an earlier export hold addresses too, but those of the columns beside them.
        """
        others = [
            column
            for column, count in self.addresses.most_common()
            if column != main and 2 * count > self.filled[column] and not answer_prefix(names[column])
        ]
        return tuple(sorted([main, *others[: MAX_EMAIL_COLUMNS - 1]]))


def count_cells(rows: Rows, *, whole_line: bool) -> Census:
    """Look at every cell once."""
    filled: Counter[int] = Counter()
    bearing: Counter[int] = Counter()
    addresses: Counter[int] = Counter()
    for row in rows:
        for column, cell in enumerate(row):
            if cell and not cell.isspace():
                filled[column] += 1
                if bears_address(cell):
                    bearing[column] += 1
                    addresses[column] += is_address(cell, whole_line=whole_line)
    width, count = _usual_width(rows)
    return Census(len(rows), width, count / max(1, len(rows)), filled, bearing, +addresses)


def _usual_width(rows: Rows) -> tuple[int, int]:
    """The width of most rows, and of how many; titles of a single cell may outnumber the rows of a short list."""
    widths = Counter(map(len, rows))
    if any(len(row) > 1 and any(map(bears_address, row)) for row in rows):
        del widths[1]
    # Of two widths equally frequent this takes the one met first: the header's, if there is one.
    return next(iter(widths.most_common(1)), (1, 0))


def main_email_column(census: Census, named: Mapping[int, float]) -> tuple[int, float]:
    """The column that holds the most addresses, or is named as if it did, and how convincing that is."""

    def worth(column: int) -> float:
        found = census.addresses[column] + _WEIGHT_OF_BEARING * (census.bearing[column] - census.addresses[column])
        # A column named "email" that says yes and no stands behind one that holds addresses.
        believed = census.bearing[column] or not census.bearing
        return found / max(1, census.rows) + (named.get(column, 0.0) if believed else 0.0)

    main = max(range(max(census.width, 1 + max([*named, *census.bearing], default=0))), key=worth)
    return main, worth(main)


def named_in_front(rows: Rows, census: Census) -> dict[int, float]:
    """How much like the name of an e-mail column is what stands in each above the first row with an address."""
    weights: dict[int, float] = {}
    for row in rows[: MAX_ROWS_IN_FRONT if census.bearing else 1]:
        if any(is_address(cell, whole_line=False) for cell in row):
            break
        for column, weight in named(row).items():
            weights[column] = max(weight, weights.get(column, 0.0))
    return weights


def named(names: Sequence[str]) -> dict[int, float]:
    """How much like the name of an e-mail column each of these is."""
    return {column: weight for column, name in enumerate(names) if (weight := email_word_weight(name))}
