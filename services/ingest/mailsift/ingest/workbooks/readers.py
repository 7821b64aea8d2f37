"""What the two ways to read a workbook have in common: whole sheets in memory and fast, or row by row and slow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol


class SheetRow(NamedTuple):
    """One row, blank or not."""

    number: int
    """From 1, as the spreadsheet program counts."""
    cells: Iterable[object]
    """From the first column on."""


class Reader(Protocol):
    """An open workbook."""

    @property
    def share_read(self) -> float:
        """How much of the sheet has been read, from 0 to 1."""

    def sheets(self) -> list[tuple[str, bool]]:
        """The names of the sheets that have cells, and whether each can be seen."""

    def rows(self, sheet: str) -> Iterator[SheetRow]:
        """The rows of a sheet, from its beginning."""
