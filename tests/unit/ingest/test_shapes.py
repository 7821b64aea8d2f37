"""Lists as people have them, from their bytes to their rows."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copied import read_entries
from mailsift.ingest.detection import detect
from mailsift.ingest.dialect import Dialect
from mailsift.ingest.entries import Counts, Entries
from mailsift.ingest.formats.delimited import DelimitedTable
from mailsift.ingest.repeats import Repeats
from mailsift.ingest.rows import Row, Run
from mailsift.shared.reading import ReadingOptions


def read(content: bytes) -> tuple[Dialect, list[list[str]]]:
    dialect = detect(content, ReadingOptions(), complete=True)
    rows = list(DelimitedTable(io.BytesIO(content), dialect))
    assert all(isinstance(row, Row) for row in rows)
    return dialect, [row.columns for row in rows if isinstance(row, Row)]


SHAPES = {
    "UTF-16 with every kind of line end": (
        "name,email\r\nJosé,jose@x.com\nÅsa,asa@x.com\rŁukasz,l@x.com\r\n".encode("utf-16"),
        ["name", "email"],
        [["José", "jose@x.com"], ["Åsa", "asa@x.com"], ["Łukasz", "l@x.com"]],
    ),
    "Latin-1 with a title, semicolons and decimal commas": (
        "Kundenliste März\n\nName;E-Mail;Umsatz;Rabatt\nMüller;m@x.com;1.234,50;0,5\nGroß;g@x.com;12,75;1,5\n".encode(
            "latin-1"
        ),
        ["Name", "E-Mail", "Umsatz", "Rabatt"],
        [["Müller", "m@x.com", "1.234,50", "0,5"], ["Groß", "g@x.com", "12,75", "1,5"]],
    ),
    "duplicate and missing names, short and long rows, empty rows": (
        b"\xef\xbb\xbfemail,tag,tag,,\n\n,,,,\na@x.com,1\nb@x.com,1,2,3,4,5,6\n , ,\nc@x.com,1,2,3,4\n",
        ["email", "tag", "tag", "column_4", "column_5"],
        [["a@x.com", "1"], ["b@x.com", "1", "2", "3", "4", "5", "6"], ["c@x.com", "1", "2", "3", "4"]],
    ),
    "line breaks, quotes and delimiters in quotes": (
        b'note,email\r\n"first\r\nsecond; ""third"", fourth",a@x.com\r\n"\r\n",b@x.com\r\n',
        ["note", "email"],
        [['first\r\nsecond; "third", fourth', "a@x.com"], ["\r\n", "b@x.com"]],
    ),
    "a NUL for the first cell of a title": (
        b"\0,Kunden\nname,email\nAnn,a\0@x.com\n",
        ["name", "email"],
        [["Ann", "a@x.com"]],
    ),
    "the report of a spreadsheet": (
        b"""Report,,,
Created,2026-11-27 10:00,,
By,admin@acme.com,,
,,,
ID,Name,Mail,Mail 2
1,Ann,ann@x.com,ann@y.com
2,Bob,bob@x.com,
,,,
Total,2,,
""",
        ["ID", "Name", "Mail", "Mail 2"],
        [["1", "Ann", "ann@x.com", "ann@y.com"], ["2", "Bob", "bob@x.com", ""], ["Total", "2", "", ""]],
    ),
}


@pytest.mark.parametrize(("content", "names", "rows"), SHAPES.values(), ids=SHAPES.keys())
def test_a_list_is_read_as_it_is_meant(content: bytes, names: list[str], rows: list[list[str]]) -> None:
    dialect, found = read(content)
    assert (list(dialect.column_names), found) == (names, rows)


def test_ten_thousand_columns_are_read() -> None:
    names = [f"c{number}" for number in range(9_998)]
    header, row = ["email", *names, "email"], ["a@x.com", *map(str, range(9_998)), "b@x.com"]
    dialect, found = read("\n".join([",".join(header), *[",".join(row)] * 20]).encode())
    assert (list(dialect.column_names), found) == (header, [row] * 20)
    entries = read_entries(Entries("an-id", dialect, Repeats()).write(Run(2, [row]), Counts()))
    assert [(entry.column_index, entry.email_address) for entry in entries] == [(0, "a@x.com"), (9_999, "b@x.com")]


cells = st.text(st.sampled_from("abcXYZ 019.-_|'\"éß"), max_size=6)
words = st.text(st.sampled_from("abcdefghij "), min_size=1, max_size=12).filter(str.strip)
addresses = st.from_regex(r"[a-z0-9]{1,8}@[a-z]{1,8}\.(com|org)", fullmatch=True)


def quoted(row: list[str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in row)


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[str], list[list[str]], list[int]]:
    """The names of a list, its rows, and where the addresses stand."""
    width = draw(st.integers(2, 6))
    emails = sorted(draw(st.sets(st.integers(0, width - 1), min_size=1, max_size=3)))
    names = [f"E-Mail {column}" if column in emails else f"name {column}" for column in range(width)]
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=8))
    for row in rows:
        for column in emails:
            row[column] = draw(addresses)
    return names, rows, emails


@settings(max_examples=60)
@given(lists(), st.lists(words, max_size=3), st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=1), st.booleans())
def test_titles_above_and_mixed_line_ends_change_nothing(
    table: tuple[list[str], list[list[str]], list[int]], titles: list[str], line_ends: list[str], blank_lines: bool
) -> None:
    names, rows, emails = table
    lines = [*titles, *([""] if blank_lines else []), *map(quoted, [names, *rows])]
    content = "".join(line + line_ends[number % len(line_ends)] for number, line in enumerate(lines))
    dialect, found = read(content.encode())
    assert (list(dialect.column_names), list(dialect.email_columns), found) == (names, emails, rows)
