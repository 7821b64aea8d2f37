"""What rows say of their columns, whatever format they came in."""

from __future__ import annotations

import pytest

from mailsift.ingest.detection.judgement import Judgement, Sample, judge
from mailsift.ingest.dialect import AS_ASKED, Finding, Trait
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions

PEOPLE = [
    ["name", "email", "city", "work email"],
    ["Ann", "ann@x.com", "Oslo", "a@work.org"],
    ["Bob", "bob@x.com", "Rome", ""],
    ["Cid", "cid@x.com", "Bonn", "c@work.org"],
]


def judged(
    rows: list[list[str]], options: ReadingOptions | None = None, *, names: tuple[str, ...] | None = None
) -> Judgement:
    return judge(Sample(rows, complete=True, names=names), options or ReadingOptions())


def finding(judgement: Judgement, what: Trait) -> Finding:
    (found,) = (finding for finding in judgement.findings if finding.what is what)
    return found


def refusal(rows: list[list[str]], options: ReadingOptions | None = None) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        judged(rows, options)
    return caught.value


def test_every_column_of_which_most_filled_cells_are_addresses_is_an_email_column() -> None:
    found = judged(PEOPLE)
    assert found.email_columns == (1, 3)
    on_columns = finding(found, Trait.EMAIL_COLUMNS)
    assert (on_columns.value, on_columns.confidence) == (("email", "work email"), 1.0)
    assert on_columns.evidence == "of the filled cells, addresses are 100% of 'email', 100% of 'work email'"


def test_a_column_with_an_address_now_and_then_is_none() -> None:
    notes = [["note"], ["see a@x.com"], ["b@x.com"], ["call him"], ["on leave"]]
    rows = [[*row, *note] for row, note in zip([*PEOPLE, PEOPLE[1]], notes, strict=True)]
    assert judged(rows).email_columns == (1, 3)


def test_the_answers_of_an_earlier_export_are_no_addresses_of_the_list() -> None:
    names = ["contact", "mailsift_status", "mailsift_normalizedAddress", "MAILSIFT2_work_suggestion"]
    found = judged([names, ["A@x.com", "valid", "a@x.com", "a@x.org"], ["b@x.com", "valid", "b@x.com", ""]])
    assert found.email_columns == (0,)
    asked = ReadingOptions(email_columns=("mailsift_normalizedAddress",))
    assert judged([names, ["A@x.com", "valid", "a@x.com", ""]], asked).email_columns == (2,)


def test_a_column_named_email_is_one_even_if_it_holds_little() -> None:
    rows = [["email", "manager"], ["n/a", "m@x.com"], ["none", "m@x.com"], ["b@x.com", "m@x.com"]]
    assert judged(rows).email_columns == (0, 1)


def test_no_more_email_columns_are_found_than_a_row_may_have_entries() -> None:
    rows = [[f"user{column}@x.com" for column in range(100)] for _ in range(3)]
    assert judged(rows).email_columns == tuple(range(16))


@pytest.mark.parametrize(
    ("above", "skipped"),
    [
        ([], 0),
        ([["Contacts of Acme"]], 1),
        ([["Contacts of Acme"], ["Exported by admin@acme.com on 2026-11-01"], ["", "Page 1"]], 3),
        ([["Owner", "", "admin@acme.com"], ["Rows", "3"]], 2),
    ],
)
def test_what_stands_above_the_header_is_left_out(above: list[list[str]], skipped: int) -> None:
    found = judged([*above, *PEOPLE])
    assert (found.skipped_rows, found.has_header) == (skipped, True)
    assert found.column_names == ("name", "email", "city", "work email")
    evidence = finding(found, Trait.HEADER).evidence
    assert evidence == (f"row {skipped + 1} names 'email'" if skipped else "the first row names 'email'")


def test_a_header_that_speaks_of_no_email_is_found_below_a_title() -> None:
    rows = [["Kunden"], ["Name", "Anschrift"], ["Ann", "ann@x.com"], ["Bob", "bob@x.com"]]
    found = judged(rows)
    assert (found.skipped_rows, found.has_header, found.column_names) == (1, True, ("Name", "Anschrift"))


def test_a_title_that_speaks_of_mail_is_no_header() -> None:
    rows = [["Mailing list of Acme"], ["Kontakt-Mail", "Ort"], ["ann@x.com", "Oslo"], ["bob@x.com", "Rome"]]
    assert judged(rows).column_names == ("Kontakt-Mail", "Ort")


def test_a_header_in_the_midst_of_the_data_hides_none_of_it() -> None:
    rows = [["ann@x.com", "Ann"], ["email", "name"], ["bob@x.com", "Bob"]]
    found = judged(rows)
    assert (found.skipped_rows, found.has_header) == (0, False)


def test_names_that_the_format_has_itself_are_taken() -> None:
    found = judged([["1", "ann@x.com"], ["2", "bob@x.com"]], names=("id", "contact"))
    assert (found.has_header, found.column_names, found.email_columns) == (False, ("id", "contact"), (1,))


def test_a_column_of_addresses_may_lie_beyond_the_widest_of_most_rows() -> None:
    found = judged([["1"], ["2"], ["3", "", "", "c@x.com"]])
    assert (found.email_columns, len(found.column_names)) == ((3,), 4)


@pytest.mark.parametrize("asked", ["email", "E-MAIL ", "2", 2])
def test_the_user_says_which_columns_hold_addresses(asked: str | int) -> None:
    rows = [["name", "e-mail" if asked == "E-MAIL " else "email", "other"], ["Ann", "nobody yet", "ann@x.com"]]
    found = judged(rows, ReadingOptions(has_header=True, email_columns=(asked,)))
    assert found.email_columns == (1,)
    assert finding(found, Trait.EMAIL_COLUMNS).evidence == AS_ASKED


def test_a_mapping_names_columns_and_marks_those_with_addresses() -> None:
    options = ReadingOptions(mapping={"work email": "email", "name": "who", "3": "town"})
    found = judged(PEOPLE, options)
    assert found.column_names == ("who", "email", "town", "work email")
    assert found.email_columns == (3,)


def test_columns_with_addresses_are_kept_whatever_else_is() -> None:
    assert judged(PEOPLE, ReadingOptions(keep_columns=("city",))).kept_columns == (1, 2, 3)
    assert judged(PEOPLE, ReadingOptions(keep_columns=())).kept_columns == (1, 3)
    assert judged(PEOPLE).kept_columns is None


def test_a_name_in_digits_is_a_name_before_it_is_a_number() -> None:
    rows = [["2", "1"], ["a@x.com", "b"], ["c@x.com", "d"]]
    options = ReadingOptions(has_header=True, email_columns=("2",))
    assert judged(rows, options).email_columns == (0,)


@pytest.mark.parametrize(
    "options",
    [
        ReadingOptions(email_columns=("phone",)),
        ReadingOptions(email_columns=(0,)),
        ReadingOptions(email_columns=(5,)),
        ReadingOptions(keep_columns=("phone",)),
        ReadingOptions(mapping={"phone": "email"}),
        ReadingOptions(mapping={"phone": "telephone"}),
    ],
)
def test_a_column_that_is_not_there_is_refused_with_those_that_are(options: ReadingOptions) -> None:
    error = refusal(PEOPLE, options)
    assert error.code == "no_such_column"
    assert error.message.endswith("Its columns are: 'name', 'email', 'city', 'work email'.")


def test_too_many_email_columns_are_refused() -> None:
    rows = [[f"user{column}@x.com" for column in range(20)]]
    assert refusal(rows, ReadingOptions(email_columns=tuple(range(1, 18)))).code == "too_many_email_columns"


@pytest.mark.parametrize(
    ("has_header", "skipped", "first"),
    [(True, 1, "email"), (False, 0, "column_1")],
)
def test_the_user_says_whether_there_is_a_header(has_header: bool, skipped: int, first: str) -> None:
    rows = [["our list"], ["email"], ["ann@x.com"]]
    found = judged(rows, ReadingOptions(has_header=has_header))
    assert (found.has_header, found.skipped_rows, found.column_names[0]) == (has_header, skipped, first)
    assert finding(found, Trait.HEADER) == Finding(Trait.HEADER, has_header, 1.0, AS_ASKED)


def test_a_first_row_of_addresses_is_a_header_if_the_user_says_so() -> None:
    found = judged([["a@x.com"], ["b@x.com"]], ReadingOptions(has_header=True))
    assert (found.has_header, found.column_names) == (True, ("a@x.com",))


@pytest.mark.parametrize("above", [[], [["", "Mailing list 2026"]]])
def test_the_header_that_the_user_says_there_is_is_the_one_that_would_be_found(above: list[list[str]]) -> None:
    rows = [*above, ["name", "E-mail"], ["Ann", "ann@x.com"], ["Bob", "hotmail.com"], ["Cid", "mail to c@x.com"]]
    found = judged(rows, ReadingOptions(has_header=True))
    assert (found.skipped_rows, found.column_names) == (len(above), ("name", "E-mail"))


def test_a_header_that_the_user_says_there_is_is_no_row_below_an_address() -> None:
    found = judged([["Name", "Adresse"], ["Ann", "ann@x.com"], ["Bob", "gmail"]], ReadingOptions(has_header=True))
    assert (found.skipped_rows, found.column_names) == (0, ("Name", "Adresse"))


@pytest.mark.parametrize("broken", ["ann.hotmail.com", "gmail.com", "Mail.ru ", "bob(at)btinternet.mail.co.uk"])
def test_an_address_without_its_at_sign_names_no_column(broken: str) -> None:
    found = judged([["1", "n/a"], ["2", broken], ["3", "cid@x.com"]])
    assert (found.skipped_rows, found.has_header) == (0, False)


def test_a_doubtful_header_has_less_confidence() -> None:
    sure = finding(judged(PEOPLE), Trait.HEADER)
    likely = finding(judged([["Anschrift"], ["ann@x.com"]]), Trait.HEADER)
    unlikely = finding(judged([["n/a"], ["ann@x.com"]]), Trait.HEADER)
    assert (sure.value, likely.value, unlikely.value) == (True, True, False)
    assert sure.confidence > likely.confidence > unlikely.confidence
