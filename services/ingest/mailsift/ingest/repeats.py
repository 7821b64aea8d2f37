"""Which addresses of a list stood further above already, told while it is read and in bounded memory; pure.

An address is remembered by its place in a table and by 40 more bits of a hash whose key changes with each process:
nobody can choose two addresses that are taken for one, and that any two of a list are by chance happens in one of
50,000 lists of five million. A dictionary would take ten times the memory of this table, which is one of open
addressing with linear probing, both halves of an entry in one number.
"""

from __future__ import annotations

from array import array
from typing import Final

ROOM: Final = 3_400_000
"""Addresses that are remembered at most; for so many the table takes 41 MB."""

_FEWEST: Final = 1_000
_GROWTH: Final = 8

_POSITIVE: Final = 2**63 - 1
_NUMBER_BITS: Final = 24
_MOST_NUMBER: Final = 2**_NUMBER_BITS - 1
_MARK: Final = 2 ** (64 - _NUMBER_BITS) - 1


class Repeats:
    """Where each address stood first."""

    def __init__(self, room: int = ROOM, *, expected: int = 0) -> None:
        """With room for so many addresses, of which about so many are expected."""
        self._room = room
        """For what is not in a full table."""
        self._full: list[array[int]] = []
        """Where one came from cannot be told from what a table holds, so none is moved to another."""
        self.forgets_after: int | None = None if room else 0
        """The last entry up to which every address is remembered; None while all are."""
        self._begin(expected)

    def first(self, address: str, number: int) -> int | None:
        """The entry that had this address first; None if that is this one, or nobody remembers; they count from 1."""
        wanted = hash(address) & _POSITIVE
        for table in self._full:
            if known := _look_up(table, wanted):
                return known
        # As in `_look_up`: this is done for each of millions.
        table = self._table
        mark, slot = divmod(wanted, len(table))
        mark &= _MARK
        while found := table[slot]:
            if found >> _NUMBER_BITS == mark:
                return found & _MOST_NUMBER
            slot -= 1  # before the first comes the last
        if self.forgets_after is None:
            if number > _MOST_NUMBER:
                self.forgets_after = number - 1
                return None
            table[slot] = mark << _NUMBER_BITS | number
            self._left -= 1
            if not self._left:
                self._go_on(number)
        return None

    def _go_on(self, number: int) -> None:
        if self._room:
            self._full.append(self._table)
            self._begin(_GROWTH * self._limit)
        else:
            self.forgets_after = number

    def _begin(self, expected: int) -> None:
        self._limit = self._left = min(self._room, max(expected, _FEWEST))
        self._room -= self._limit
        # 0 is a free slot. With a third of them free, the way to one is short.
        self._table = array("Q", [0]) * (self._limit * 3 // 2 + 1)


def _look_up(table: array[int], wanted: int) -> int:
    """The number that is remembered of a hash; 0 if none is."""
    mark, slot = divmod(wanted, len(table))
    mark &= _MARK
    while found := table[slot]:
        if found >> _NUMBER_BITS == mark:
            return found & _MOST_NUMBER
        slot -= 1
    return 0
