"""Which addresses of a list stood further above already, told while it is read and in bounded memory; pure.

An address is remembered by 64 bits of a hash whose key changes with each process: nobody can choose two addresses that
are taken for one, and that any two of a list are by chance happens in one long list of five million. A dictionary
would take ten times the memory of this table, which is one of open addressing with linear probing.
"""

from __future__ import annotations

from array import array
from typing import Final

ROOM: Final = 2_500_000
"""Addresses that are remembered at most; for so many the table takes 40 MB."""

_FEWEST: Final = 1000
_GROWTH: Final = 8


class Repeats:
    """Where each address stood first."""

    def __init__(self, room: int = ROOM, *, expected: int = 0) -> None:
        """With room for so many addresses, of which about so many are expected."""
        self._room = room
        self._count = 0
        self.forgets_after: int | None = None if room else 0
        """The last entry up to which every address is remembered; None while all are."""
        self._make(expected)

    def first(self, address: str, number: int) -> int | None:
        """The entry that had this address first; None when that is this one, or nobody remembers."""
        # 0 marks a free slot.
        wanted = hash(address) or 1
        slots = self._slots
        slot = wanted % slots
        hashes = self._hashes
        while found := hashes[slot]:
            if found == wanted:
                return self._numbers[slot]
            slot = (slot + 1) % slots
        if self.forgets_after is None:
            try:
                self._numbers[slot] = number
            except OverflowError:
                self.forgets_after = number - 1
                return None
            hashes[slot] = wanted
            self._count += 1
            if self._count == self._limit:
                self._grow(number)
        return None

    def _grow(self, number: int) -> None:
        if self._count == self._room:
            self.forgets_after = number
            return
        old = zip(self._hashes, self._numbers, strict=True)
        self._make(_GROWTH * self._count)
        for wanted, first in old:
            if wanted:
                slot = wanted % self._slots
                while self._hashes[slot]:
                    slot = (slot + 1) % self._slots
                self._hashes[slot] = wanted
                self._numbers[slot] = first

    def _make(self, expected: int) -> None:
        self._limit = min(self._room, max(expected, _FEWEST))
        self._slots = slots = self._limit * 4 // 3 + 1
        self._hashes = array("q", [0]) * slots
        self._numbers = array("I", [0]) * slots
