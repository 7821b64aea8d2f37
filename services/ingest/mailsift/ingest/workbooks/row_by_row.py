"""Reads sheets that do not fit into memory a row at a time, by openpyxl; imported only where such a sheet is read."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import BinaryIO, Final

import openpyxl

from mailsift.ingest.workbooks.faults import Fault, Unreadable
from mailsift.ingest.workbooks.readers import SheetRow

_MAX_ROWS: Final = 1_048_576
"""Of a sheet, in every program there is."""

_ERRORS: Final = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!"}
)


class RowByRow:
    """A Reader of .xlsx."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        # It warns of everything in a workbook that it would not write again.
        warnings.simplefilter("ignore")
        self._file = file
        self._size = size
        self._begins = 0
        self._workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)

    @property
    def share_read(self) -> float:
        """As in Reader: how far it is in the archive, from where the sheet begins."""
        return (self._file.tell() - self._begins) / max(1, self._size - self._begins)

    def sheets(self) -> list[tuple[str, bool]]:
        """As in Reader."""
        return [(sheet.title, sheet.sheet_state == "visible") for sheet in self._workbook.worksheets]

    def rows(self, sheet: str) -> Iterator[SheetRow]:
        """As in Reader."""
        found = self._workbook[sheet]
        # What it says of its size need not be true, and short rows would be filled up to that.
        found.reset_dimensions()
        for number, cells in enumerate(found.iter_rows(values_only=True), start=1):
            if number == 1:
                self._begins = self._file.tell()
            if number > _MAX_ROWS:
                raise Unreadable(Fault.DAMAGED)
            # Errors are empty, as calamine has them.
            yield SheetRow(number, [None if cell in _ERRORS else cell for cell in cells])
