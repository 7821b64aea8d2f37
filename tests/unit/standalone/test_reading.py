from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.shared.reading import ReadingOptions
from mailsift.standalone.cli import preview
from mailsift.standalone.errors import InputError
from mailsift.standalone.reading import Words, as_arguments, read_words

names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
columns = st.lists(names, max_size=3, unique=True).map(tuple)


def typed(arguments: str) -> Words:
    """What the command makes of what was typed."""
    taken: dict[str, Any] = preview.make_context("preview", ["list.csv", *shlex.split(arguments)], obj=None).params
    return Words(**{name: taken[name] for name in Words.__dataclass_fields__})


def test_everything_can_be_said() -> None:
    said = typed(
        r"--delimiter '\t' --encoding Latin1 --no-header --sheet 2024 --email-column E-Mail --email-column 4 "
        "--keep-column 'name, first' --map Mail=email --map a=b=c"
    )
    assert read_words(said) == ReadingOptions(
        mapping={"Mail": "email", "a=b": "c"},
        has_header=False,
        delimiter="\t",
        encoding="iso8859-1",
        sheet="2024",
        email_columns=("E-Mail", "4"),
        keep_columns=("name, first",),
    )


def test_what_is_left_out_is_found_out() -> None:
    assert read_words(typed("")) == ReadingOptions()
    assert as_arguments(ReadingOptions()) == ""


@given(
    st.builds(
        ReadingOptions,
        mapping=st.dictionaries(names, names.filter(lambda word: "=" not in word), max_size=2),
        has_header=st.none() | st.booleans(),
        delimiter=st.none() | st.sampled_from(",;\t| §"),
        encoding=st.none() | st.sampled_from(["utf-8", "cp1252", "utf-16"]),
        sheet=st.none() | names,
        email_columns=columns,
        keep_columns=columns.map(lambda named: named or None),
    )
)
def test_options_read_back_as_they_are_shown(options: ReadingOptions) -> None:
    assert read_words(typed(as_arguments(options))) == options


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ("--delimiter ab", "--delimiter"),
        ("--encoding klingon", "--encoding"),
        ("--email-column ''", "--email-column"),
        ("--keep-column a --keep-column a", "--keep-column"),
        ("--map Mail", "--map"),
        ("--map =email", "--map"),
        ("--sheet ''", "--sheet"),
    ],
)
def test_what_cannot_be_meant_names_its_option_and_is_wrong_usage(arguments: str, option: str) -> None:
    with pytest.raises(InputError) as caught:
        read_words(typed(arguments))
    assert (caught.value.code, caught.value.exit_code) == ("invalid_option", 2)
    assert str(caught.value).startswith(f"{option}: ")
