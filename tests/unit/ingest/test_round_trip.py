"""Any table that the csv module writes is read back the same."""

import csv
import io
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from mailsift.ingest.detection import detect
from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.formats.delimited import DelimitedTable
from mailsift.ingest.rows import Row
from mailsift.shared.reading import ReadingOptions

Table = list[list[str]]

# Control characters other than these belong to files that are no text; a mark of byte order stands only at the start.
WIDE = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\r\t", exclude_characters="\ufeff@")
WESTERN = st.sampled_from("abcXYZ 019.-_,;|'\"\n\r\tàéîõüßÆø€")

delimiters = st.sampled_from(",;\t|")
line_ends = st.sampled_from(["\n", "\r\n", "\r"])
quotings = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
addresses = st.from_regex(r"[a-z0-9]{1,8}@[a-z]{1,8}\.(com|org)", fullmatch=True)


@st.composite
def tables(draw: st.DrawFn, characters: st.SearchStrategy[str] = WIDE) -> tuple[Table, int]:
    """A table and the number of its e-mail column."""
    width = draw(st.integers(2, 5))
    email_column = draw(st.integers(0, width - 1))
    rows = draw(st.lists(st.lists(st.text(characters, max_size=8), min_size=width, max_size=width), min_size=1))
    for row in rows:
        row[email_column] = draw(addresses)
    return rows, email_column


def write(rows: Table, delimiter: str, line_end: str, quoting: int) -> str:
    if quoting == csv.QUOTE_MINIMAL:
        # Until Python 3.13 the writer leaves a line break bare in a cell if it is not the table's own.
        for row in rows:
            row[:] = [re.sub(r"\r\n|\r|\n", line_end, cell) for cell in row]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue()


def cells(content: bytes, dialect: Dialect) -> Table:
    rows = list(DelimitedTable(io.BytesIO(content), dialect))
    assert all(isinstance(row, Row) for row in rows)
    return [row.columns for row in rows if isinstance(row, Row)]


@settings(max_examples=40)
@given(tables(), delimiters, line_ends, quotings, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_a_table_is_understood_and_read_back(
    table: tuple[Table, int], delimiter: str, line_end: str, quoting: int, encoding: str
) -> None:
    rows, email_column = table
    content = write(rows, delimiter, line_end, quoting).encode(encoding)
    dialect = detect(content, ReadingOptions(), complete=True)
    assert (dialect.delimiter, dialect.has_header, dialect.email_columns) == (delimiter, False, (email_column,))
    assert cells(content, dialect) == rows


@settings(max_examples=40)
@given(tables(WESTERN), delimiters, line_ends, st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]))
def test_a_table_without_a_byte_order_mark_is_understood(
    table: tuple[Table, int], delimiter: str, line_end: str, encoding: str
) -> None:
    rows, email_column = table
    content = write(rows, delimiter, line_end, csv.QUOTE_MINIMAL).encode(encoding)
    dialect = detect(content, ReadingOptions(), complete=True)
    assert (dialect.encoding, dialect.email_columns) == (encoding, (email_column,))
    assert cells(content, dialect) == rows


@settings(max_examples=40)
@given(tables(), delimiters, line_ends, quotings)
def test_a_header_is_found_and_left_out(table: tuple[Table, int], delimiter: str, line_end: str, quoting: int) -> None:
    rows, email_column = table
    header = [f"name {number}" for number in range(len(rows[0]))]
    header[email_column] = "E-Mail"
    content = write([header, *rows], delimiter, line_end, quoting).encode()
    dialect = detect(content, ReadingOptions(), complete=True)
    assert (dialect.has_header, dialect.column_names) == (True, tuple(header))
    assert cells(content, dialect) == rows


@settings(max_examples=40)
@given(tables(WESTERN), delimiters, line_ends, quotings, st.sampled_from(["cp1252", "cp1250", "mac_roman"]))
def test_a_table_in_a_given_encoding_is_read_back(
    table: tuple[Table, int], delimiter: str, line_end: str, quoting: int, encoding: str
) -> None:
    rows, email_column = table
    content = write(rows, delimiter, line_end, quoting).encode(encoding, "replace")
    expected = [[cell.encode(encoding, "replace").decode(encoding) for cell in row] for row in rows]
    names = tuple(f"column_{number}" for number in range(len(rows[0])))
    dialect = Dialect(
        format=Format.CSV,
        encoding=encoding,
        delimiter=delimiter,
        quote='"',
        has_header=False,
        column_names=names,
        email_columns=(email_column,),
    )
    assert cells(content, dialect) == expected


@settings(max_examples=40)
@given(st.lists(addresses, min_size=1), line_ends, quotings)
def test_one_column_is_read_back(column: list[str], line_end: str, quoting: int) -> None:
    rows = [[address] for address in column]
    content = write(rows, ",", line_end, quoting).encode()
    assert cells(content, detect(content, ReadingOptions(), complete=True)) == rows
