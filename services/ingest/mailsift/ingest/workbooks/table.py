"""The list in a workbook: which sheet it is on, and its rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mailsift.ingest.detection.judgement import Judgement, Sample, judge
from mailsift.ingest.dialect import AS_ASKED, Dialect, Finding, Format, Trait, Way
from mailsift.ingest.formats.runs import in_runs
from mailsift.ingest.formats.table import data_rows
from mailsift.ingest.rows import RejectedRow, Row, Run
from mailsift.ingest.workbooks.workbook import Sheet, Workbook
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions

_SAMPLE_ROWS: Final = 1000
_MAX_SHEETS_LOOKED_AT: Final = 100
_MAX_SHEETS_SHOWN: Final = 20
_MAX_NAME_SHOWN: Final = 40


class WorkbookTable:
    """The data rows of a sheet, once."""

    def __init__(self, workbook: Workbook, size: int, dialect: Dialect) -> None:
        """Read from a workbook that takes `size` bytes where it is stored."""
        self._workbook = workbook
        self._size = size
        self._dialect = dialect

    @property
    def bytes_read(self) -> int:
        """How much of the sheet has been read, as if the file were nothing else."""
        return int(self._size * self._workbook.share_read)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names in the header."""
        return self._dialect.column_names

    def __iter__(self) -> Iterator[Row | RejectedRow]:
        return data_rows(self._workbook.rows(self._dialect.sheet or ""), self._dialect)

    def runs(self) -> Iterator[Run | RejectedRow]:
        """The same rows."""
        return in_runs(self)


def understand_workbook(workbook: Workbook, format_: Format, options: ReadingOptions) -> Dialect:
    """Tell which sheet the list is on, and how to read it.

    It is the one that the user names, or the first that reads like a list; hidden ones come last.
    Raises PermanentError: `no_such_sheet`, or what is wrong with the first sheet that is not empty.
    """
    candidates = _candidates(workbook.sheets, options.sheet)
    fault: PermanentError | None = None
    for sheet in candidates:
        try:
            judgement = _judge(workbook, sheet, options)
        except PermanentError as error:
            if fault is None or fault.code == "no_readable_row":
                fault = error
        else:
            on_sheet = _on_sheet(workbook.sheets, sheet, options)
            return _dialect(format_, workbook.way, judgement, on_sheet)
    raise fault or PermanentError("no_readable_row", "The workbook has no sheet with cells.")


def _candidates(sheets: tuple[Sheet, ...], asked: str | None) -> list[Sheet]:
    if asked is None:
        return sorted(sheets[:_MAX_SHEETS_LOOKED_AT], key=lambda sheet: not sheet.visible)
    wanted = asked.strip().casefold()
    found = [sheet for sheet in sheets if sheet.name.strip().casefold() == wanted]
    if not found:
        raise PermanentError(
            "no_such_sheet",
            f"The workbook has no sheet {asked[:_MAX_NAME_SHOWN]!r}. Its sheets are: {_shown(sheets)}.",
        )
    return sorted(found, key=lambda sheet: sheet.name != asked)


def _judge(workbook: Workbook, sheet: Sheet, options: ReadingOptions) -> Judgement:
    rows = [row.columns for row in workbook.sample(sheet.name, _SAMPLE_ROWS)]
    return judge(Sample(rows, complete=len(rows) < _SAMPLE_ROWS), options)


def _dialect(format_: Format, way: Way, judgement: Judgement, on_sheet: Finding) -> Dialect:
    return Dialect(
        format=format_,
        sheet=str(on_sheet.value),
        way=way,
        skipped_rows=judgement.skipped_rows,
        has_header=judgement.has_header,
        column_names=judgement.column_names,
        email_columns=judgement.email_columns,
        kept_columns=judgement.kept_columns,
        findings=(_on_format(format_), on_sheet, *judgement.findings),
    )


def _on_format(format_: Format) -> Finding:
    return Finding(Trait.FORMAT, format_.value, 1.0, "a workbook, by its content")


def _on_sheet(sheets: tuple[Sheet, ...], sheet: Sheet, options: ReadingOptions) -> Finding:
    if options.sheet is not None:
        return Finding(Trait.SHEET, sheet.name, 1.0, AS_ASKED)
    if len(sheets) == 1:
        return Finding(Trait.SHEET, sheet.name, 1.0, "the only one")
    return Finding(Trait.SHEET, sheet.name, 0.8, f"the first that reads like a list, of: {_shown(sheets)}")


def _shown(sheets: tuple[Sheet, ...]) -> str:
    shown = ", ".join(repr(sheet.name[:_MAX_NAME_SHOWN]) for sheet in sheets[:_MAX_SHEETS_SHOWN])
    return shown + (", ..." if len(sheets) > _MAX_SHEETS_SHOWN else "")
