from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailsift.exporter import rendering
from mailsift.exporter.rendering import Shape

names = st.lists(
    st.text(max_size=8) | st.sampled_from(["phone", "phone_2", "mailsift_status", "column_3"]), max_size=12
)


def test_columns_keep_their_names_and_the_widest_row_adds_its_own() -> None:
    assert rendering.column_names(("email", "phone", "phone"), 5) == ("email", "phone", "phone", "column_4", "column_5")
    assert rendering.column_names(("email", "phone"), 1) == ("email", "phone")
    assert rendering.column_names((), 0) == ()


def answer_names(columns: Sequence[str], email_columns: tuple[int, ...] = (0,)) -> tuple[str, ...]:
    return rendering.answer_names(Shape(tuple(columns), email_columns))


def test_answers_are_named_after_us() -> None:
    answers = answer_names(["email", "status"])
    assert answers[0] == "mailsift_status"
    assert answers[-1] == "mailsift_duplicateOf"
    assert len(answers) == len(set(answers)) == 23


def test_answers_for_several_addresses_are_named_after_their_columns_too() -> None:
    answers = answer_names(["email", "name", "work email", "email"], (0, 2, 3))
    assert [name for name in answers if name.endswith("_status")] == [
        "mailsift_email_status",
        "mailsift_work email_status",
        "mailsift_email_2_status",
    ]
    assert len(answers) == len(set(answers)) == 3 * 23


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("mailsift_status", "mailsift2_status"),
        (" MAILSIFT_anything", "mailsift2_status"),
        ("mailsift", "mailsift_status"),
    ],
)
def test_an_export_that_comes_back_as_a_list_gets_other_names(column: str, expected: str) -> None:
    assert answer_names(["email", column])[0] == expected
    assert answer_names(["mailsift_a", "mailsift2_b"])[0] == "mailsift3_status"


def test_names_are_found_in_linear_time_whatever_is_taken() -> None:
    columns = ["mailsift_", *(f"mailsift{number}_" for number in range(2, 200_000))]
    assert answer_names(columns)[0] == "mailsift200000_status"


@given(names, st.integers(1, 3))
def test_no_answer_has_the_name_of_a_column(columns: list[str], emails: int) -> None:
    columns = [*columns, "email", "mailsift_a", "mail"]
    answers = answer_names(columns, tuple(range(emails)))
    assert not set(answers) & set(columns)
    assert len(answers) == len(set(answers))


@given(names)
@example(["phone", "phone", "phone_2", "phone"])
def test_every_column_has_a_key_of_its_own(columns: list[str]) -> None:
    keys = rendering.json_keys(columns)
    assert len(keys) == len(columns) == len(set(keys))
    firsts = {columns.index(name) for name in columns}
    assert all(keys[n] == columns[n] for n in firsts)


def test_a_repeated_name_is_numbered_around_the_names_that_are_there() -> None:
    assert rendering.json_keys(["phone", "phone", "phone_2", "phone"]) == ("phone", "phone_3", "phone_2", "phone_4")
