from __future__ import annotations

import datetime as dt

import pytest

from mailsift.ingest.workbooks.cells import row_texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  as it is ", "  as it is "),
        ("1.0", "1.0"),
        (3, "3"),
        (3.0, "3"),
        (-0.0, "0"),
        (4917612345678.0, "4917612345678"),
        (9007199254740991.0, "9007199254740991"),
        (1e20, "1e+20"),
        (0.5, "0.5"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333333333333"),
        (True, "true"),
        (False, "false"),
        (dt.date(2026, 11, 27), "2026-11-27"),
        (dt.datetime(2026, 11, 27), "2026-11-27"),  # noqa: DTZ001 - a cell has no time zone
        (dt.datetime(2026, 11, 27, 13, 45, 1), "2026-11-27 13:45:01"),  # noqa: DTZ001
        (dt.datetime(2026, 11, 27, 13, 45, 1, 250_000), "2026-11-27 13:45:01.250"),  # noqa: DTZ001
        (dt.time(13, 45), "13:45:00"),
        (dt.timedelta(hours=27, minutes=30), "27:30:00"),
        (dt.timedelta(minutes=-90), "-1:30:00"),
        ("a\0b", "ab"),
    ],
)
def test_a_cell_is_the_text_that_a_person_reads_there(value: object, text: str) -> None:
    assert row_texts([value]) == [text]


def test_empty_cells_count_only_before_others() -> None:
    assert row_texts(["", "a", None, "b", None, ""]) == ["", "a", "", "b"]
    assert row_texts(["", None]) == []
