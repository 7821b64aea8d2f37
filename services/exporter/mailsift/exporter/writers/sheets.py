"""XLSX: text as text, numbers and flags as what they are, and a further sheet where one is full."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final, cast

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from mailsift.exporter.layout import Layout, Told
from mailsift.exporter.rendering import Kind
from mailsift.exporter.writers.spool import Spool
from mailsift.exporter.writers.writer import AddedRows, Rows, Writer
from mailsift.shared.errors import PermanentError

CONTENT_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# What Excel opens, and what it says of a file with more is that it is broken.
ROWS: Final = 1_048_576
COLUMNS: Final = 16_384
LONGEST_CELL: Final = 32_767
"""In UTF-16, of which most letters are one unit and emoji are two."""

_CUT: Final = "…"
_BYTES_AROUND: Final = 50  # a cell

# What XML cannot hold, and what would look like the escaped form of it (ECMA-376, ST_Xstring).
_ESCAPED: Final = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def sheet_writer(layout: Layout) -> Writer:
    """Write the user's columns as text, and the answers in their types. Raises PermanentError `too_many_columns`."""
    wanted = len(layout.columns)
    if wanted > COLUMNS:
        raise PermanentError(
            "too_many_columns",
            f"a sheet has {COLUMNS:,} columns at most, and this list needs {wanted:,}: ask for csv, or for fewer",
        )
    return Writer(CONTENT_TYPE, partial(_begin, layout))


def shortened(cell: str) -> str:
    """Cut a text to what a cell holds; one that was cut ends with an ellipsis."""
    if len(cell) <= LONGEST_CELL // 2:
        return cell
    units = cell.encode("utf-16-le")
    if len(units) <= 2 * LONGEST_CELL:
        return cell
    return units[: 2 * (LONGEST_CELL - 1)].decode("utf-16-le", "ignore") + _CUT


@contextmanager
def _begin(layout: Layout, stream: IO[bytes]) -> Iterator[Rows]:
    # What is written lies in files until a workbook is closed; they go with the folder, whatever happens.
    with TemporaryDirectory(prefix="mailsift-") as folder:
        sheets = _Sheets(Workbook(stream, {"constant_memory": True, "tmpdir": folder}), layout)
        try:
            yield AddedRows(sheets.add, layout.select(partial(_value, layout)), lambda: sheets.size)
            sheets.close()
        finally:
            sheets.let_go()


def _value(layout: Layout, told: Told) -> str:
    value = layout.typed(told)
    return f"array_to_string({value}, '|')" if told.answer.kind is Kind.WORDS else value


class _Sheet(Worksheet):  # type: ignore[misc] # the library has no types
    """A sheet whose every text is only that, and comes back as it is."""

    @staticmethod
    def _escape_control_characters(data: str | int) -> str | int:
        # The library's own takes the second escaped form in `_x005F_x0041_` for none.
        return _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", data) if isinstance(data, str) else data

    def _xml_rich_inline_string(self, string: str, attributes: Sequence[tuple[str, Any]] = ()) -> None:
        # The library takes `<r>…</r>` for markup that it has made itself, and lets it through.
        self._xml_inline_string(string, preserve=True, attributes=attributes)

    def _initialize(self, init_data: Mapping[str, Any]) -> None:
        super()._initialize(init_data)
        # The library's own file of rows is markup as it stands, ten times as large and more.
        self._opt_close()
        self.row_data_fh_closed = False
        self.row_data_fh = self.fh = Spool(Path(self.row_data_filename))

    def let_go(self) -> None:
        """Close its file, if it is open."""
        self._opt_close()


class _Sheets:
    """Rows on their way into sheets, each with the header on top."""

    def __init__(self, workbook: Workbook, layout: Layout) -> None:
        self.size = 0
        """Roughly the bytes that wait in files, unpacked."""
        self._workbook = workbook
        self._header = layout.titles
        self._arrange = layout.arranging(None)
        self._bold = workbook.add_format({"bold": True})
        self._begin_sheet()

    def add(self, row: Sequence[object]) -> None:
        """Add a row that consists of its cells and the answers; what is empty takes no room."""
        if self._number == ROWS:
            self._end_sheet()
            self._begin_sheet()
        cells, *answers = cast("tuple[Sequence[str], *tuple[object, ...]]", row)
        sheet, number = self._sheet, self._number
        for column, value in enumerate(self._arrange(cells, answers)):
            if isinstance(value, str):
                if value:
                    self._write_text(column, value)
            elif isinstance(value, bool):
                sheet.write_boolean(number, column, value)
            elif value is not None:
                sheet.write_number(number, column, value)
        self._number += 1

    def close(self) -> None:
        """Write the workbook."""
        self._end_sheet()
        self._workbook.close()

    def let_go(self) -> None:
        """Close what is open."""
        for sheet in self._workbook.worksheets():
            sheet.let_go()

    def _write_text(self, column: int, text: str) -> None:
        text = shortened(text)
        self._sheet.write_string(self._number, column, text)
        self.size += len(text) + _BYTES_AROUND

    def _begin_sheet(self) -> None:
        count = len(self._workbook.worksheets())
        self._sheet = self._workbook.add_worksheet(f"Answers {count + 1}" if count else "Answers", _Sheet)
        self._sheet.freeze_panes(1, 0)
        self._number = 0
        for column, name in enumerate(self._header):
            self._sheet.write_string(0, column, shortened(name), self._bold)
        self._number = 1

    def _end_sheet(self) -> None:
        self._sheet.autofilter(0, 0, self._number - 1, len(self._header) - 1)
