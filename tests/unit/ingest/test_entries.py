from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copied import Entry, read_entries
from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.entries import COLUMNS, Counts, Entries, Finder
from mailsift.ingest.formats.runs import in_runs
from mailsift.ingest.repeats import Repeats
from mailsift.ingest.rows import RejectedRow, RejectReason, Row

CSV = Dialect(
    format=Format.CSV, delimiter=",", quote='"', has_header=True, column_names=("name", "email"), email_columns=(1,)
)
TEXT = Dialect(format=Format.TEXT, has_header=False, column_names=("column_1",), email_columns=(0,))
TWO = replace(CSV, column_names=("email", "name", "work email"), email_columns=(0, 2))


def write(rows: Iterable[Row | RejectedRow], dialect: Dialect = TWO, *, after: int = 0) -> tuple[list[Entry], Counts]:
    entries, counts = Entries("an-id", dialect, Repeats(), after=after), Counts()
    return read_entries("".join(entries.write(run, counts) for run in in_runs(rows))), counts


def write_row(*cells: str, dialect: Dialect = CSV) -> tuple[Entry, Counts]:
    (entry,), counts = write([Row(9, list(cells))], dialect, after=6)
    return entry, counts


def test_a_row_with_a_good_address_is_valid() -> None:
    entry, counts = write_row("Bob", " Bob.Smith@Example.COM ")
    assert entry == Entry(
        upload_id="an-id",
        sequence_number=7,
        row_number=9,
        column_index=1,
        email_address="Bob.Smith@Example.COM",
        normalized_address="bob.smith@example.com",
        domain="example.com",
        is_valid_format=True,
        format_error=None,
        duplicate_of=None,
        columns=["Bob", " Bob.Smith@Example.COM "],
    )
    assert counts == Counts(rows=1, emails=1, valid=1)


def test_a_row_with_a_bad_address_keeps_it_and_says_why() -> None:
    entry, counts = write_row("Bob", "Bob at example.com")
    assert (entry.email_address, entry.normalized_address) == ("Bob at example.com", "bob at example.com")
    assert (entry.domain, entry.is_valid_format, entry.format_error) == (None, False, "syntax_no_at")
    assert counts == Counts(rows=1, emails=1)


def test_what_is_no_address_is_kept_up_to_a_bound() -> None:
    entry, _ = write_row("Bob", "X" * 5000)
    assert (entry.email_address, entry.normalized_address) == ("X" * 1000, "x" * 320)
    assert entry.columns == ["Bob", "X" * 5000]


@pytest.mark.parametrize("cells", [("Bob", ""), ("Bob", "  "), ("Bob",)])
def test_a_row_without_an_address_is_kept_and_rejected(cells: tuple[str, ...]) -> None:
    entry, counts = write_row(*cells)
    assert entry.columns == list(cells)
    assert (entry.email_address, entry.normalized_address, entry.format_error) == (None, None, "no_address")
    assert counts == Counts(rows=1, rejected=[RejectedRow(9, RejectReason.NO_ADDRESS, ",".join(cells), 7)])


@pytest.mark.parametrize("reason", list(RejectReason))
def test_a_row_that_could_not_be_read_is_a_data_row_too(reason: RejectReason) -> None:
    (entry,), counts = write([RejectedRow(9, reason, '"open,a@b.cd')], CSV, after=6)
    assert (entry.sequence_number, entry.row_number, entry.email_address, entry.is_valid_format) == (7, 9, None, False)
    assert (entry.format_error, entry.columns) == (reason, ['"open,a@b.cd'])
    assert counts == Counts(rows=1, rejected=[RejectedRow(9, reason, '"open,a@b.cd', 7)])


def test_the_raw_text_of_a_rejected_row_is_bounded() -> None:
    _, counts = write_row("x" * 5000, "")
    assert [len(rejected.raw_text) for rejected in counts.rejected] == [1000]


def test_only_plain_text_is_searched_for_an_address() -> None:
    assert write_row("write to a@b.cd", dialect=TEXT)[0].email_address == "a@b.cd"
    assert write_row("Bob", "write to a@b.cd")[0].is_valid_format is False


def test_data_rows_are_numbered_from_one_or_go_on_from_those_already_there() -> None:
    rows: list[Row | RejectedRow] = [
        Row(2, ["Bob", "a@b.cd"]),
        RejectedRow(3, RejectReason.ROW_TOO_LONG, "x"),
        Row(4, ["Bob", ""]),
        Row(6, ["Al", "c@d.ef"]),
    ]
    assert [entry[1:3] for entry in write(rows, CSV)[0]] == [(1, 2), (2, 3), (3, 4), (4, 6)]
    assert [entry[1:3] for entry in write(rows[2:], CSV, after=2)[0]] == [(3, 4), (4, 6)]
    assert [entry[1:4] for entry in write(rows[:2], TWO, after=1)[0]] == [(3, 2, 0), (4, 2, 2), (5, 3, 0), (6, 3, 2)]


def test_every_email_column_has_an_entry_and_the_first_has_the_cells() -> None:
    cells = ["Bob <b@x.com>", "Bob", "BOB@work.org", "more"]
    entries, counts = write([Row(9, cells)], after=6)
    assert [entry[1:4] for entry in entries] == [(13, 9, 0), (14, 9, 2)]
    assert [entry.normalized_address for entry in entries] == ["b@x.com", "bob@work.org"]
    assert [entry.columns for entry in entries] == [cells, []]
    assert counts == Counts(rows=1, emails=2, valid=2)


@pytest.mark.parametrize("cells", [["b@x.com", "Bob", ""], ["", "Bob", "b@x.com"], ["b@x.com"]])
def test_a_row_with_one_address_of_two_is_not_rejected(cells: list[str]) -> None:
    entries, counts = write([Row(9, cells)])
    assert sorted(entry.email_address or "" for entry in entries) == ["", "b@x.com"]
    assert [entry.format_error for entry in entries] == [None, None]
    assert counts == Counts(rows=1, emails=1, valid=1)


@pytest.mark.parametrize(
    ("row", "reason", "text"),
    [
        (Row(9, ["", "Bob", " "]), RejectReason.NO_ADDRESS, ",Bob, "),
        (RejectedRow(9, RejectReason.ROW_TOO_LONG, "xxx"), RejectReason.ROW_TOO_LONG, "xxx"),
    ],
)
def test_a_row_without_any_address_is_rejected_once(row: Row | RejectedRow, reason: RejectReason, text: str) -> None:
    entries, counts = write([row], after=6)
    assert [(entry.format_error, entry.is_valid_format) for entry in entries] == [(reason, False), (None, False)]
    assert counts == Counts(rows=1, rejected=[RejectedRow(9, reason, text, 13)])


def test_an_address_that_stood_above_points_there_whatever_its_letter_case_and_however_wrong() -> None:
    rows = [Row(2, ["A@b.cd", "", "c d@e.fg"]), Row(3, ["C D@e.fg", "", "a@B.cd"]), Row(4, ["", "", " a@b.cd "])]
    entries, counts = write(rows)
    assert [entry.duplicate_of for entry in entries] == [None, None, 2, 1, None, 1]
    assert counts == Counts(rows=3, emails=5, valid=3, duplicates=3)


def test_only_the_columns_to_keep_are_kept_and_numbered() -> None:
    dialect = replace(TWO, column_names=("email", "name", "work email", "note"), kept_columns=(0, 2, 3))
    entries, _ = write([Row(9, ["b@x.com", "Bob", "b@work.org"])], dialect)
    assert [(entry.column_index, entry.columns) for entry in entries] == [(0, ["b@x.com", "b@work.org", ""]), (1, [])]
    assert dialect.kept(dialect.column_names) == ["email", "work email", "note"]


CELLS = (
    st.sampled_from(["", "a@b.cd", " A@b.cd", "x\\y@b.cd", "Bob <a@b.cd>", "\u200b\n\ta@b.cd", "jösé@müller.example"])
    | st.emails()
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)


@given(st.lists(CELLS, max_size=4), st.booleans())
def test_whatever_a_row_holds_is_written_as_it_is(cells: list[str], is_text: bool) -> None:
    dialect = replace(TWO, format=Format.TEXT) if is_text else TWO
    entries, counts = write([Row(9, cells)], dialect)
    found = [address for address in Finder(dialect).look(cells) if address is not None]
    with_address = [entry for entry in entries if entry.email_address is not None]
    assert [(*entry[4:7], entry.format_error) for entry in with_address] == found
    assert [entry.is_valid_format for entry in entries] == [entry.domain is not None for entry in entries]
    assert [entry.columns for entry in entries] == [cells, []]
    assert len(counts.rejected) == (not found)


def test_the_columns_of_the_copy_are_those_of_an_entry() -> None:
    def camel_case(name: str) -> str:
        first, *others = name.split("_")
        return first + "".join(map(str.capitalize, others))

    assert tuple(map(camel_case, Entry._fields)) == COLUMNS
