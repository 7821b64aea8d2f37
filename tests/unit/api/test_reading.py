from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mailsift.api.schemas.uploads import StartRequest, UploadWishes
from mailsift.shared.reading import ReadingOptions

names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
columns = st.lists(names | st.integers(1, 16_384), min_size=1, max_size=5, unique=True)


def options(**said: Any) -> ReadingOptions:
    return UploadWishes.model_validate(said).options()


def at_fault(**said: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        UploadWishes.model_validate(said)
    return [".".join(map(str, fault["loc"])) for fault in caught.value.errors()]


def test_everything_can_be_said_in_text() -> None:
    assert options(
        mapping='{"Mail": "email", "3": "town"}',
        hasHeader="false",
        delimiter="tab",
        encoding="Windows-1252",
        sheet="2024",
        emailColumns="E-Mail, 4",
        keepColumns='["name, first", 2]',
    ) == ReadingOptions(
        mapping={"Mail": "email", "3": "town"},
        has_header=False,
        delimiter="\t",
        encoding="cp1252",
        sheet="2024",
        email_columns=("E-Mail", "4"),
        keep_columns=("name, first", 2),
    )


@given(columns, columns, st.dictionaries(names, names, max_size=3))
def test_json_and_text_say_the_same(emails: list[Any], kept: list[Any], mapping: dict[str, str]) -> None:
    said = {"emailColumns": emails, "keepColumns": kept, "mapping": mapping}
    assert options(**said) == options(**{name: json.dumps(value) for name, value in said.items()})
    assert options(**said).to_json() == {name: value for name, value in said.items() if value}


@pytest.mark.parametrize(
    ("said", "meant"), [("semicolon", ";"), (r"\t", "\t"), ("TAB", "\t"), (";", ";"), ("\x1f", "\x1f"), ("§", "§")]
)
def test_a_delimiter_is_a_character_or_its_name(said: str, meant: str) -> None:
    assert options(delimiter=said).delimiter == meant


def wrong(name: str, *values: object) -> list[tuple[str, object]]:
    return [(name, value) for value in values]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *wrong("delimiter", "", ";;", "a", "7", '"', "@", ".", "\n", "\r", "\0", "\ud800", 5, ["|"]),
        *wrong("encoding", "", "rot13", "idna", "base64", "klingon", "utf-8\0", "x" * 101, 8),
        *wrong("hasHeader", "yes", "1", 1, "", "True", []),
        *wrong("sheet", "", "a\n", "x" * 256, 1),
        *wrong("emailColumns", "[", "[]", [], "a,a", [2, 2], {"a": 1}, 1),
        *wrong("emailColumns.0", "", [0], [1.0], [True], [None], ["\0"], ["x" * 1001], [16_385]),
        *wrong("keepColumns", "[1", "[" * 5000, [*range(1, 1002)]),
        *wrong("mapping", "Mail=email", '{"a":' * 5000, "[]", [], "1", {str(n): "a" for n in range(1001)}),
    ],
)
def test_what_cannot_be_meant_names_its_field(name: str, value: object) -> None:
    assert at_fault(**{name.partition(".")[0]: value}) == [name]


def test_a_name_in_a_mapping_has_letters() -> None:
    assert at_fault(mapping={"Mail": ""}) == ["mapping.Mail"]
    assert at_fault(mapping={"Mail": 1}) == ["mapping.Mail"]


@pytest.mark.parametrize("follows", [{"analysisType": "advanced"}, {"scheduledFor": "2026-11-30T08:00:00Z"}])
def test_nothing_follows_a_preview(follows: dict[str, str]) -> None:
    assert at_fault(preview="true", **follows) == ["preview"]
    assert not UploadWishes.model_validate({"preview": False, **follows}).preview


def test_a_correction_takes_the_place_of_what_was_said_and_null_takes_it_back() -> None:
    before = ReadingOptions(delimiter=";", encoding="cp1252", email_columns=(2,))
    corrections = StartRequest.model_validate({"delimiter": ",", "encoding": None, "hasHeader": True})
    assert corrections.corrected(before) == ReadingOptions(delimiter=",", has_header=True, email_columns=(2,))
    assert StartRequest.model_validate({}).corrected(before) == before
