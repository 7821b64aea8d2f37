import pytest

from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.rows import (
    COLUMNS,
    RejectedRow,
    RejectReason,
    Row,
    UploadEmail,
    extract,
    extract_from_line,
    rejection,
    to_upload_email,
    to_upload_emails,
)

CSV = Dialect(Format.CSV, "utf-8", ",", '"', True, ("name", "email"), 1, 1.0, ())
TEXT = Dialect(Format.TEXT, "utf-8", None, None, False, ("column_1",), 0, 1.0, ())


def upload_email(*columns: str, dialect: Dialect = CSV) -> UploadEmail:
    return to_upload_email("an-id", 7, Row(9, list(columns)), dialect)


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("a@b.cd", "a@b.cd"),
        ("  a@b.cd\t", "a@b.cd"),
        ("Bob <a@b.cd>", "a@b.cd"),
        ('"Smith, Bob" < a@b.cd >', "a@b.cd"),
        ("<a@b.cd>", "a@b.cd"),
        ("Bob <Bobby> <a@b.cd>", "a@b.cd"),
        ("mailto:a@b.cd", "a@b.cd"),
        ("MAILTO:a@b.cd?subject=hello", "a@b.cd"),
        ("Bob <mailto:a@b.cd>", "a@b.cd"),
        ("a < b", "a < b"),
        ("no address", "no address"),
        ("call a@b.cd", "call a@b.cd"),
        (" ", ""),
    ],
)
def test_the_address_is_taken_out_of_a_cell(cell: str, address: str) -> None:
    assert extract(cell) == address


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("a@b.cd", "a@b.cd"),
        ("please call a@b.cd, or not", "a@b.cd"),
        ("1. (a@b.cd)", "a@b.cd"),
        ("Bob <a@b.cd> x@y.zz", "a@b.cd"),
        ("see mailto:a@b.cd now", "a@b.cd"),
        ("nothing here", "nothing here"),
        ("", ""),
    ],
)
def test_the_address_is_taken_out_of_a_line(line: str, address: str) -> None:
    assert extract_from_line(line) == address


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
    row = to_upload_email("an-id", 7, RejectedRow(9, reason, '"open,a@b.cd'), CSV)
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
    assert [row[1:3] for row in to_upload_emails("an-id", rows, CSV)] == [(1, 2), (2, 3), (3, 5)]
    assert [row[1:3] for row in to_upload_emails("an-id", rows, CSV, after=2)] == [(3, 5)]


def test_the_columns_of_the_copy_are_those_of_the_row() -> None:
    def camel_case(name: str) -> str:
        first, *others = name.split("_")
        return first + "".join(map(str.capitalize, others))

    assert tuple(map(camel_case, UploadEmail._fields)) == COLUMNS
