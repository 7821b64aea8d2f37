import json

import pytest

from mailsift.shared.reading import ReadingOptions, find_codec


@pytest.mark.parametrize(
    "options",
    [
        ReadingOptions(),
        ReadingOptions(has_header=False, keep_columns=()),
        ReadingOptions(
            mapping={"Kontakt": "email", "3": "city"},
            has_header=True,
            delimiter=";",
            encoding="cp1252",
            sheet="Customers",
            email_columns=("Kontakt", 4),
            keep_columns=("city", 2),
        ),
    ],
)
def test_what_was_said_is_read_back_from_the_database(options: ReadingOptions) -> None:
    assert ReadingOptions.from_json(json.loads(json.dumps(options.to_json()))) == options


def test_what_was_not_said_takes_no_room() -> None:
    assert ReadingOptions().to_json() == {}


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UTF8", "utf-8"),
        ("latin-1", "iso8859-1"),
        ("ISO-8859-15", "iso8859-15"),
        ("windows-1252", "cp1252"),
        ("Shift-JIS", "shift_jis"),
        ("utf_16", "utf-16"),
    ],
)
def test_an_encoding_goes_by_any_of_its_names(name: str, codec: str) -> None:
    assert find_codec(name) == codec


@pytest.mark.parametrize(
    "name", ["", "klingon", "hex", "rot13", "idna", "unicode_escape", "undefined", "a\0b", "ü" * 999]
)
def test_what_is_no_character_set_is_no_encoding(name: str) -> None:
    assert find_codec(name) is None
