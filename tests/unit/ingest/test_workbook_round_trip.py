"""Any table that a program writes is read back the same, in either way."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mailsift.ingest.workbooks.cells import row_texts
from mailsift.ingest.workbooks.readers import Reader
from mailsift.ingest.workbooks.row_by_row import RowByRow
from mailsift.ingest.workbooks.whole import WholeSheets
from workbooks import Table, ods, xls, xlsx, xlsx_by_openpyxl

# What XML 1.0 has no place for, no program can write; of line ends, XML knows one.
TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff", include_characters="\n\t"
    ),
    max_size=30,
)
NUMBERS = st.one_of(
    st.integers(-(10**15), 10**15),
    st.integers(-(10**12), 10**12).map(lambda thousandths: thousandths / 1000),
    st.booleans(),
)
DATES = st.one_of(
    st.dates(dt.date(1900, 3, 1), dt.date(2200, 1, 1)),
    st.datetimes(dt.datetime(1900, 3, 1), dt.datetime(2200, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),  # noqa: DTZ001
)
CELLS = st.one_of(st.none(), TEXT, NUMBERS)


def tables(cells: st.SearchStrategy[object]) -> st.SearchStrategy[Table]:
    return st.lists(st.lists(cells, max_size=6), max_size=8)


def shown(cell: object) -> str:
    """What a person reads in a cell."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, dt.datetime):
        return str(cell).removesuffix(" 00:00:00")
    return repr(cell).removesuffix(".0") if isinstance(cell, float) else str(cell)


def expected(table: Table) -> list[tuple[int, list[str]]]:
    rows = []
    for number, row in enumerate(table, start=1):
        cells = [shown(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            rows.append((number, cells))
    return rows


def rows_of(reader: Reader) -> list[tuple[int, list[str]]]:
    ((name, _),) = reader.sheets()
    return [(number, cells) for number, values in reader.rows(name) if (cells := row_texts(values))]


def whole(content: bytes) -> Reader:
    return WholeSheets(io.BytesIO(content))


def row_by_row(content: bytes) -> Reader:
    return RowByRow(io.BytesIO(content), len(content))


quickly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("read", [whole, row_by_row])
@pytest.mark.parametrize("write", [xlsx, xlsx_by_openpyxl])
@quickly
@given(table=tables(CELLS | DATES))
def test_an_xlsx(write: Callable[[Table], bytes], read: Callable[[bytes], Reader], table: Table) -> None:
    # Blanks alone stay only where the writer says so (xml:space), which openpyxl does not.
    assume(write is xlsx or not any(isinstance(cell, str) and cell.isspace() for row in table for cell in row))
    assert rows_of(read(write(table))) == expected(table)


@quickly
@given(table=tables(CELLS))
def test_an_xls(table: Table) -> None:
    assert rows_of(whole(xls(table))) == expected(table)


@quickly
@given(table=tables(st.one_of(st.none(), NUMBERS, st.from_regex(r"[^\W_]{0,20}", fullmatch=True))))
def test_an_ods(table: Table) -> None:
    assert rows_of(whole(ods(table))) == expected(table)
