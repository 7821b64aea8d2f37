from dataclasses import replace

import pytest

from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.entries import COLUMNS, Entries, UploadEmail, rejection, to_upload_emails
from mailsift.ingest.repeats import Repeats
from mailsift.ingest.rows import RejectedRow, RejectReason, Row

CSV = Dialect(
    format=Format.CSV, delimiter=",", quote='"', has_header=True, column_names=("name", "email"), email_columns=(1,)
)
TEXT = Dialect(format=Format.TEXT, has_header=False, column_names=("column_1",), email_columns=(0,))
TWO = replace(CSV, column_names=("email", "name", "work email"), email_columns=(0, 2))


def into_entries(dialect: Dialect) -> Entries:
    return Entries("an-id", dialect, Repeats())


def entries(row: Row | RejectedRow, dialect: Dialect = TWO) -> list[UploadEmail]:
    return into_entries(dialect).of(7, row)


def upload_email(*columns: str, dialect: Dialect = CSV) -> UploadEmail:
    (entry,) = entries(Row(9, list(columns)), dialect)
    return entry


def test_a_row_with_a_good_address_is_valid() -> None:
    assert upload_email("Bob", " Bob.Smith@Example.COM ") == UploadEmail(
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


def test_a_row_with_a_bad_address_keeps_it_and_says_why() -> None:
    row = upload_email("Bob", "Bob at example.com")
    assert (row.email_address, row.normalized_address, row.domain) == ("Bob at example.com", "bob at example.com", None)
    assert (row.is_valid_format, row.format_error) == (False, "syntax_no_at")
    assert rejection(row) is None


def test_what_is_no_address_is_kept_up_to_a_bound() -> None:
    row = upload_email("Bob", "X" * 5000)
    assert (row.email_address, row.normalized_address) == ("X" * 1000, "x" * 320)
    assert row.columns == ["Bob", "X" * 5000]


@pytest.mark.parametrize("columns", [("Bob", ""), ("Bob", "  "), ("Bob",)])
def test_a_row_without_an_address_is_kept_and_rejected(columns: tuple[str, ...]) -> None:
    row = upload_email(*columns)
    assert row.columns == list(columns)
    assert (row.email_address, row.normalized_address, row.format_error) == (None, None, "no_address")
    assert rejection(row) == RejectedRow(9, RejectReason.NO_ADDRESS, ",".join(columns), 7)


@pytest.mark.parametrize("reason", list(RejectReason))
def test_a_row_that_could_not_be_read_is_a_data_row_too(reason: RejectReason) -> None:
    (row,) = entries(RejectedRow(9, reason, '"open,a@b.cd'), CSV)
    assert (row.sequence_number, row.row_number, row.email_address, row.is_valid_format) == (7, 9, None, False)
    assert (row.format_error, row.columns) == (reason, ['"open,a@b.cd'])
    assert rejection(row) == RejectedRow(9, reason, '"open,a@b.cd', 7)


def test_the_raw_text_of_a_rejected_row_is_bounded() -> None:
    rejected = rejection(upload_email("x" * 5000, ""))
    assert rejected is not None
    assert len(rejected.raw_text) == 1000


def test_only_plain_text_is_searched_for_an_address() -> None:
    assert upload_email("write to a@b.cd", dialect=TEXT).email_address == "a@b.cd"
    assert upload_email("Bob", "write to a@b.cd").is_valid_format is False


def test_data_rows_are_numbered_from_one_and_those_already_there_are_skipped() -> None:
    rows: list[Row | RejectedRow] = [
        Row(2, ["Bob", "a@b.cd"]),
        RejectedRow(3, RejectReason.ROW_TOO_LONG, "x"),
        Row(5, ["Al", "c@d.ef"]),
    ]
    assert [row[1:3] for row in to_upload_emails(rows, into_entries(CSV))] == [(1, 2), (2, 3), (3, 5)]
    assert [row[1:3] for row in to_upload_emails(rows, into_entries(CSV), after=2)] == [(3, 5)]


def test_every_email_column_has_an_entry_and_the_first_has_the_cells() -> None:
    cells = ["Bob <b@x.com>", "Bob", "BOB@work.org", "more"]
    found = entries(Row(9, cells))
    assert [(entry.sequence_number, entry.row_number, entry.column_index) for entry in found] == [
        (13, 9, 0),
        (14, 9, 2),
    ]
    assert [entry.normalized_address for entry in found] == ["b@x.com", "bob@work.org"]
    assert [entry.columns for entry in found] == [cells, []]


@pytest.mark.parametrize("cells", [["b@x.com", "Bob", ""], ["", "Bob", "b@x.com"], ["b@x.com"]])
def test_a_row_with_one_address_of_two_is_not_rejected(cells: list[str]) -> None:
    found = entries(Row(9, cells))
    assert sorted(entry.email_address or "" for entry in found) == ["", "b@x.com"]
    assert [entry.format_error for entry in found] == [None, None]
    assert [rejection(entry) for entry in found] == [None, None]


@pytest.mark.parametrize(
    ("row", "reason", "text"),
    [
        (Row(9, ["", "Bob", " "]), RejectReason.NO_ADDRESS, ",Bob, "),
        (RejectedRow(9, RejectReason.ROW_TOO_LONG, "xxx"), RejectReason.ROW_TOO_LONG, "xxx"),
    ],
)
def test_a_row_without_any_address_is_rejected_once(row: Row | RejectedRow, reason: RejectReason, text: str) -> None:
    found = entries(row)
    assert [rejection(entry) for entry in found] == [RejectedRow(9, reason, text, 13), None]


def test_an_address_that_stood_above_points_there_whatever_its_letter_case_and_however_wrong() -> None:
    rows = [Row(2, ["A@b.cd", "", "c d@e.fg"]), Row(3, ["C D@e.fg", "", "a@B.cd"]), Row(4, ["", "", " a@b.cd "])]
    found = list(to_upload_emails(rows, into_entries(TWO)))
    assert [entry.duplicate_of for entry in found] == [None, None, 2, 1, None, 1]


def test_only_the_columns_to_keep_are_kept_and_numbered() -> None:
    kept = replace(TWO, column_names=("email", "name", "work email", "note"), kept_columns=(0, 2, 3))
    found = entries(Row(9, ["b@x.com", "Bob", "b@work.org"]), kept)
    assert [(entry.column_index, entry.columns) for entry in found] == [(0, ["b@x.com", "b@work.org", ""]), (1, [])]
    assert kept.kept(kept.column_names) == ["email", "work email", "note"]


def test_rows_with_several_entries_are_skipped_whole() -> None:
    rows = [Row(2, ["a@b.cd", "", "c@d.ef"]), Row(3, ["e@f.gh", "", "i@j.kl"])]
    assert [entry[1:4] for entry in to_upload_emails(rows, into_entries(TWO), after=1)] == [(3, 3, 0), (4, 3, 2)]


def test_the_columns_of_the_copy_are_those_of_the_row() -> None:
    def camel_case(name: str) -> str:
        first, *others = name.split("_")
        return first + "".join(map(str.capitalize, others))

    assert tuple(map(camel_case, UploadEmail._fields)) == COLUMNS
