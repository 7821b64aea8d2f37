"""Which sheet of a workbook the list is on, and its rows as those of any list."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import pytest
import xlsxwriter

from mailsift.ingest.checkpoint import Checkpoint
from mailsift.ingest.dialect import AS_ASKED, Dialect, Finding, Format, Trait
from mailsift.ingest.opening import Opener
from mailsift.ingest.preview import look
from mailsift.ingest.rows import Row
from mailsift.ingest.workbooks.limits import WorkbookLimits
from mailsift.ingest.workbooks.workbooks import Workbooks
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions
from workbooks import LIST, Table, encrypted, ods, text_cell, write, xls, xlsx, xlsx_of

EMPTY: Table = ()
NUMBERS: Table = (("year", "turnover"), (2025, 1.5), (2026, 2))
OTHERS: Table = (("Mail",), ("cid@example.net",))


def book(sheets: Mapping[str, Table], *, hidden: str | None = None) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    write(sheet, number, column, cell)
        if hidden:
            # The first sheet is the active one, and that one cannot be hidden.
            workbook.worksheets()[-1].activate()
            workbook.worksheets()[-1].set_first_sheet()
            workbook.get_worksheet_by_name(hidden).hide()
    return target.getvalue()


def understand(content: bytes, options: ReadingOptions | None = None, limits: WorkbookLimits | None = None) -> Dialect:
    return Opener(Workbooks(limits)).understand(io.BytesIO(content), options or ReadingOptions(), lambda: None)


def sheet_of(dialect: Dialect) -> Finding:
    return next(finding for finding in dialect.findings if finding.what is Trait.SHEET)


@pytest.mark.parametrize(("content", "format_"), [(xlsx(LIST), "xlsx"), (xls(LIST), "xls"), (ods(LIST), "ods")])
def test_a_workbook_is_known_by_its_content(content: bytes, format_: str) -> None:
    dialect = understand(content)
    assert (dialect.format, dialect.sheet, dialect.has_header) == (Format(format_), "List", True)
    assert (dialect.column_names, dialect.email_columns) == (("name", "e-mail", "age"), (1,))
    with Opener().table(io.BytesIO(content), len(content), dialect, lambda: None) as table:
        assert list(table) == [Row(2, ["Ann", "ann@example.com", "34"]), Row(3, ["Bob", "bob@example.org", "41.5"])]
        assert table.bytes_read == len(content)


@pytest.mark.parametrize(
    ("limits", "numbers"), [(WorkbookLimits(), [2, 3, 3000]), (WorkbookLimits(memory_bytes=96 * 1024**2), [2, 3000])]
)
def test_a_later_attempt_reads_a_workbook_in_the_way_in_which_it_was_understood(
    limits: WorkbookLimits, numbers: list[int]
) -> None:
    # Whole, it takes memory for all cells up to the last; a text that looks like an error is blank only row by row.
    cells = {
        1: {"A": "email"},
        2: {"A": "ann@example.com"},
        3: {"A": "#N/A"},
        3000: {"A": "bob@b.example", "ALL": "far"},
    }
    content = xlsx_of(
        [
            f'<row r="{number}">{"".join(text_cell(f"{column}{number}", text) for column, text in row.items())}</row>'
            for number, row in cells.items()
        ]
    )
    kept = json.dumps(Checkpoint(understand(content, limits=limits)).to_json())
    dialect = Checkpoint.from_json(json.loads(kept)).dialect
    with Opener().table(io.BytesIO(content), len(content), dialect, lambda: None) as table:
        assert [row.row_number for row in table] == numbers


def test_the_list_is_on_the_first_sheet_with_addresses() -> None:
    dialect = understand(book({"Notes": EMPTY, "Sums": NUMBERS, "People": LIST, "Others": OTHERS}))
    assert dialect.sheet == "People"
    assert "'Notes', 'Sums', 'People', 'Others'" in sheet_of(dialect).evidence


def test_hidden_sheets_come_last() -> None:
    dialect = understand(book({"People": LIST, "Others": OTHERS}, hidden="People"))
    assert dialect.sheet == "Others"
    assert understand(book({"People": LIST, "Sums": NUMBERS}, hidden="People")).sheet == "People"


def test_the_user_says_which_sheet() -> None:
    dialect = understand(book({"People": LIST, "Others": OTHERS}), ReadingOptions(sheet="others"))
    assert sheet_of(dialect) == Finding(Trait.SHEET, "Others", 1.0, AS_ASKED)
    assert dialect.column_names == ("Mail",)


@pytest.mark.parametrize(
    ("content", "options", "code", "said"),
    [
        (book({"People": LIST}), ReadingOptions(sheet="Nobody"), "no_such_sheet", "'People'"),
        (book({"Notes": EMPTY, "Sums": NUMBERS}), ReadingOptions(), "no_email_column", "'turnover'"),
        (book({"Notes": EMPTY, "More": EMPTY}), ReadingOptions(), "no_readable_row", "no row"),
        (encrypted(xlsx(LIST)), ReadingOptions(), "workbook_encrypted", "password"),
        (book({"People": LIST}), ReadingOptions(delimiter=";"), "unfitting_option", "delimiter"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_says_what_there_is(content: bytes, options: ReadingOptions, code: str, said: str) -> None:
    with pytest.raises(PermanentError) as raised:
        understand(content, options)
    assert raised.value.code == code
    assert said in raised.value.message


def test_a_title_above_the_header_is_no_row() -> None:
    content = xlsx([["Our customers"], [], *LIST])
    dialect = understand(content)
    assert (dialect.skipped_rows, dialect.column_names) == (1, ("name", "e-mail", "age"))
    with Opener().table(io.BytesIO(content), len(content), dialect, lambda: None) as table:
        assert [row.row_number for row in table] == [4, 5]


def test_progress_grows_with_the_rows() -> None:
    content = xlsx([["email", "note"], *([f"a{number}@example.com", "x" * 40] for number in range(20_000))])
    dialect = understand(content)
    with Opener().table(io.BytesIO(content), len(content), dialect, lambda: None) as table:
        seen = [table.bytes_read for _ in table]
    assert seen == sorted(seen)
    assert len({10 * place // len(content) for place in seen}) >= 9
    assert seen[0] < len(content) // 10


def test_a_preview_of_a_long_workbook_guesses_its_rows() -> None:
    content = xlsx([["email", "note"], *([f"a{number:06}@example.com", "x" * 80] for number in range(30_000))])
    dialect = understand(content)
    with Opener().table(io.BytesIO(content), len(content), dialect, lambda: None) as table:
        preview = look(table, dialect, len(content))
    assert not preview.complete
    assert preview.estimated_rows == pytest.approx(30_000, rel=0.2)


@pytest.mark.parametrize(
    "content", [b"name,e-mail\nAnn,ann@example.com\n", "e-mail\tn\na@b.example\t1\n".encode("utf-16")]
)
def test_text_that_is_named_like_a_workbook_is_text(content: bytes) -> None:
    assert understand(content).sheet is None
