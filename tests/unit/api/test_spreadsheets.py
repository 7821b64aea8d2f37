from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from mailsift.api.spreadsheets import records
from mailsift.shared.formulas import inert


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2), max_size=5))
def test_a_record_reads_back_less_the_apostrophe(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(records(rows).decode(), newline="")))
    assert read == [[inert(cell) for cell in row] for row in rows]
