from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from mailsift.exporter.layout import lay_out
from mailsift.exporter.rendering import ANSWERS, Shape, answer_names
from mailsift.exporter.writers import sheets
from mailsift.exporter.writers.sheets import LONGEST_CELL, sheet_writer, shortened
from mailsift.exporter.writers.writer import AddedRows
from mailsift.shared.errors import PermanentError

Row = Sequence[object]

NOTHING: Row = [None] * len(ANSWERS)
JUDGED: Row = ["valid", None, 95, *[None] * 2, "a|b", *[None] * 3, True, False, *[None] * (len(ANSWERS) - 12), 7]


def workbook(columns: Sequence[str], rows: Sequence[Row]) -> io.BytesIO:
    stream = io.BytesIO()
    with sheet_writer(lay_out(Shape(tuple(columns), (0,)))).begin(stream) as into:
        assert isinstance(into, AddedRows)
        for row in rows:
            into.add(row)
    stream.seek(0)
    return stream


def by_openpyxl(stream: io.BytesIO) -> list[list[object]]:
    sheet = openpyxl.load_workbook(stream).active
    assert sheet is not None
    values = [[cell.value for cell in row] for row in sheet.iter_rows()]
    # It leaves the escaped forms of control characters as they stand in the file.
    return [[unescaped(value) if isinstance(value, str) else value for value in row] for row in values]


def unescaped(text: str) -> str:
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


def by_calamine(stream: io.BytesIO) -> list[list[object]]:
    sheet = CalamineWorkbook.from_filelike(stream).get_sheet_by_index(0)
    return [list(row) for row in sheet.to_python(skip_empty_area=False)]


NASTY = (
    *("=1+1", "+1", "-1", "@SUM(A1)", "{=A1}", "\t=1", "\r\n", "\r", "\n", " a ", "  ", "<r>x</r>", "<r><t>x</t></r>"),
    *(
        "_x0041_",
        "_x005F_x0041_",
        "\x01",
        "\x1f",
        "\x0b",
        "&amp;",
        "<",
        "]]>",
        '"',
        "'",
        "1",
        "1e5",
        "true",
        "2026-01-02",
    ),
    *("http://a.example", "internal:A1", "mailto:a@b.c", "\U0001f600", "\u2028", "\ufeff", "#N/A", "00123", "nan"),
)
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufffe\uffff"), max_size=12) | st.sampled_from(NASTY)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=8))
@example([list(NASTY[start : start + 3]) for start in range(0, len(NASTY) // 3 * 3, 3)])
def test_any_text_is_read_back_as_text_by_two_readers(rows: list[list[str]]) -> None:
    stream = workbook(["a", "=b", "c"], [[row, *JUDGED] for row in rows])
    for number, row in enumerate(by_openpyxl(stream)[1:]):
        assert row[:3] == [cell or None for cell in rows[number]]
    stream.seek(0)
    read = by_calamine(stream)
    assert read[0][:3] == ["a", "=b", "c"]
    assert [row[:3] for row in read[1:]] == rows


def test_answers_have_their_types_and_what_is_not_known_is_empty() -> None:
    header, unjudged, judged = by_openpyxl(workbook(["email"], [[[], *NOTHING], [["a@b.c"], *JUDGED]]))
    assert header == ["email", *answer_names(Shape(("email",), (0,)))]
    assert judged == ["a@b.c", *JUDGED]
    assert [type(value) for value in judged[3:12] if value is not None] == [int, str, bool, bool]
    assert unjudged == [None] * len(header)


def test_a_row_that_is_shorter_than_the_others_has_its_answers_below_theirs() -> None:
    _, short, long = by_openpyxl(workbook(["a", "b"], [[["x"], *JUDGED], [["x", "y"], *JUDGED]]))
    assert short[:3] == ["x", None, "valid"]
    assert long[:3] == ["x", "y", "valid"]


def test_no_cell_is_a_formula_or_a_link_whatever_it_looks_like() -> None:
    sheet = openpyxl.load_workbook(workbook(["a"], [[[cell], *NOTHING] for cell in NASTY])).active
    assert sheet is not None
    assert {(cell.data_type, cell.hyperlink) for (cell, *_) in sheet.iter_rows()} == {("s", None)}


def test_a_full_sheet_is_followed_by_another_with_the_header_on_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "ROWS", 4)
    read = openpyxl.load_workbook(workbook(["n"], [[[str(number)], *NOTHING] for number in range(7)]))
    assert read.sheetnames == ["Answers", "Answers 2", "Answers 3"]
    assert [[row[0] for row in sheet.iter_rows(values_only=True)] for sheet in read.worksheets] == [
        ["n", "0", "1", "2"],
        ["n", "3", "4", "5"],
        ["n", "6"],
    ]
    assert [(sheet.freeze_panes, sheet.auto_filter.ref) for sheet in read.worksheets] == [
        ("A2", "A1:X4"),
        ("A2", "A1:X4"),
        ("A2", "A1:X2"),
    ]


def test_a_list_that_no_sheet_is_wide_enough_for_is_refused() -> None:
    widest = sheets.COLUMNS - len(ANSWERS)
    sheet_writer(lay_out(Shape(("c",) * widest, (0,))))
    with pytest.raises(PermanentError) as caught:
        sheet_writer(lay_out(Shape(("c",) * (widest + 1), (0,))))
    assert caught.value.code == "too_many_columns"


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("a" * LONGEST_CELL, "a" * LONGEST_CELL),
        ("a" * (LONGEST_CELL + 1), "a" * (LONGEST_CELL - 1) + "…"),
        ("\U0001f600" * 16_383 + "a", "\U0001f600" * 16_383 + "a"),
        ("\U0001f600" * 16_384, "\U0001f600" * 16_383 + "…"),
        ("a" + "\U0001f600" * 16_384, "a" + "\U0001f600" * 16_382 + "…"),
    ],
)
def test_a_text_longer_than_a_cell_is_cut_and_shows_it(cell: str, kept: str) -> None:
    assert shortened(cell) == kept
    _, (first, *_) = by_openpyxl(workbook(["a"], [[[cell], *NOTHING]]))
    assert first == kept


def test_what_xml_has_no_place_for_stands_in_its_escaped_form() -> None:
    _, (first, *_) = by_openpyxl(workbook(["a"], [[["x\uffffy\ufffe"], *NOTHING]]))
    assert first == "x\uffffy\ufffe"


def test_what_waits_in_files_is_counted_and_goes_when_the_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stream = io.BytesIO()
    with pytest.raises(ZeroDivisionError), sheet_writer(lay_out(Shape(("a",), (0,)))).begin(stream) as into:  # noqa: PT012
        assert isinstance(into, AddedRows)
        into.add([["a" * 1000], *NOTHING])
        assert into.held() > 1000
        assert list(tmp_path.iterdir())
        raise ZeroDivisionError
    assert (list(tmp_path.iterdir()), stream.getvalue()) == ([], b"")
