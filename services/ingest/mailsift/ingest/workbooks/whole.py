"""Reads sheets that fit into memory whole, by calamine; imported only where such a sheet is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from mailsift.ingest.workbooks.readers import SheetRow


class WholeSheets:
    """A Reader of every format."""

    def __init__(self, file: BinaryIO) -> None:
        self._workbook = CalamineWorkbook.from_filelike(file)
        self._sheet: CalamineSheet | None = None
        self._row = 0

    @property
    def share_read(self) -> float:
        """As in Reader."""
        return self._row / max(1, self._sheet.total_height if self._sheet else 0)

    def sheets(self) -> list[tuple[str, bool]]:
        """As in Reader."""
        return [
            (sheet.name, sheet.visible == SheetVisibleEnum.Visible)
            for sheet in self._workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet
        ]

    def rows(self, sheet: str) -> Iterator[SheetRow]:
        """As in Reader. The last sheet stays in memory: a sample of it may be followed by all of it."""
        if self._sheet is None or self._sheet.name != sheet:
            self._sheet = None
            self._sheet = self._workbook.get_sheet_by_name(sheet)
        # It begins with row 1, but with the first column that has a cell.
        left: list[object] = [""] * self._sheet.start[1] if self._sheet.start else []
        for number, cells in enumerate(self._sheet.iter_rows(), start=1):
            self._row = number
            whole: Iterable[object] = [*left, *cells] if left else cells
            yield SheetRow(number, whole)
