"""How much of a list there is to write, and in which parts; pure.

Rows are told by the numbers of their first entries, eight bytes each: there may be ten million.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is to write."""

    rows: int
    last: int
    """The highest number of an entry."""
    width: int
    """The number of cells in the widest row."""
    left_out: Sequence[int] = ()
    """The first entries of those rows that would be written if they did not hold a suppressed address."""
    picked: Sequence[int] | None = None
    """The first entries of the rows that are wanted, in the order of the file; None for all, in that of the list."""

    @property
    def wanted(self) -> int:
        """How many rows the file will have."""
        return self.rows - len(self.left_out) if self.picked is None else len(self.picked)

    def parts(self, size: int) -> Iterator[Part]:
        """Cut what is wanted into parts of so many entries."""
        if self.picked is None:
            yield from (self._span(first, first + size - 1) for first in range(1, self.last + 1, size))
        else:
            yield from (Picks(self.picked[start : start + size]) for start in range(0, len(self.picked), size))

    def picking(self, numbers: Iterable[int]) -> Extent:
        """Take only the rows that begin with these entries, in this order, and without those that are left out."""
        wanted, suppressed = array("q"), array("q")
        for number in numbers:
            (suppressed if self._leaves_out(number) else wanted).append(number)
        return replace(self, left_out=suppressed, picked=wanted)

    def _leaves_out(self, number: int) -> bool:
        place = bisect_left(self.left_out, number)
        return place < len(self.left_out) and self.left_out[place] == number

    def _span(self, first: int, last: int) -> Span:
        numbers = self.left_out
        return Span(first, last, numbers[bisect_left(numbers, first) : bisect_right(numbers, last)])


@dataclass(frozen=True, slots=True)
class Span:
    """Rows that stand one after the other, by the numbers of their first entries, both ends included."""

    first: int
    last: int
    left_out: Sequence[int]


@dataclass(frozen=True, slots=True)
class Picks:
    """Rows by the numbers of their first entries, in the order of the file."""

    numbers: Sequence[int]


Part = Span | Picks
"""Rows that are written at once."""
