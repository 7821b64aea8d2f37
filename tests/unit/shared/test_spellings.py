from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.shared.spellings import (
    ESCAPES,
    domains,
    erasable,
    likes,
    of_one_person,
    pattern,
    pattern_in_json,
    pattern_of_bytes,
)

ANN = "ann@example.com"
PLACES = [
    "ann@example.com",
    "Ann@Example.COM",
    "Ann Lee <ann@example.com>",
    "mailto:ann@example.com",
    "https://example.net/list?for=ann%40example.com&page=2",
    "write to ann@example.com.",
    "'ann@example.com'",
    "ann@example.com.csv",
    "for ann@example.com-analysed-recommended.CSV.gz",
    '{"email": "ann@example.com"}',
    "bob@example.com;ann@example.com",
    r'{"note": "call\nann@example.com"}',
    "https://example.net/list?for=bob%40example.com%2Cann%40example.com",
]
OTHERS = [
    "joann@example.com",
    "jo.ann@example.com",
    "o'ann@example.com",
    "list+ann@example.com",
    "https://example.net/list?for=list%2Bann%40example.com",
    "ann@example.com.au",
    "ann@example.community",
    "ann@example.com-x.net",
    "ann@example.com.csv.example",
    "ann.example.com",
    "ann@exampleXcom",
]


@pytest.mark.parametrize("text", PLACES)
def test_an_address_is_found_wherever_it_stands(text: str) -> None:
    assert re.search(pattern([ANN]), text, re.IGNORECASE)
    assert pattern_of_bytes([ANN]).search(text.encode())
    assert pattern_of_bytes([ANN]).search(text.encode("utf-16").replace(b"\0", b""))
    assert any(domain in text.lower().encode() for domain in domains([ANN]))


@pytest.mark.parametrize("text", PLACES)
def test_what_the_pattern_finds_is_not_ruled_out_before(text: str) -> None:
    assert any(like.strip("%").replace("\\", "") in text.lower() for like in likes([ANN]))


@pytest.mark.parametrize("text", OTHERS)
def test_no_other_address_is_taken_for_it(text: str) -> None:
    assert not re.search(pattern([ANN]), text, re.IGNORECASE)
    assert not pattern_of_bytes([ANN]).search(text.encode())


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("jörg@bücher.example", "Jörg@bücher.example"),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
        ("jörg@bücher.example", "JÖRG@BÜCHER.EXAMPLE"),
        ("jörg@bücher.example", "jo\u0308rg@xn--bcher-kva.example"),
        ('"ann lee"@example.com', r"{\"of\": \"\"ann lee\"@example.com"),
        ('"ann lee"@example.com', r'{"of": "\"ann lee\"@example.com"}'),
        ("ANN@[192.0.2.1]", "ann@[192.0.2.1]"),
        (" ann@nowhere ", "ann@nowhere"),
        ("ann+shop@example.com", "https://example.net/list?for=ann%2bshop%40example.com"),
        ("ann+shop@example.com", r'{"of": "\u003cann\u002Bshop@example.com\u003E"}'),
        ("jörg@bücher.example", json.dumps({"of": "Jörg@bücher.example"})),
        ("jörg@bücher.example", json.dumps({"of": "JÖRG@BÜCHER.EXAMPLE"})),
    ],
)
def test_it_is_found_however_it_is_written(given: str, written: str) -> None:
    assert re.search(pattern([erasable(given)]), written, re.IGNORECASE)


@pytest.mark.parametrize("key", [ANN, "ann+shop@example.com", '"ann lee"@example.com', "jörg@bücher.example"])
@pytest.mark.parametrize("beside", ["", "\n", "<", "\\", '"'])
def test_it_is_found_in_json_within_json(key: str, beside: str) -> None:
    inner = json.dumps({"of": f"{beside}{key}{beside}"})
    for once in (inner, inner.replace("+", r"\u002b")):
        # As a database that writes no escapes by number has it, and without what the string cannot hold.
        text = json.dumps({"in": once}, ensure_ascii=False)
        assert any(like.strip("%").replace("\\\\", "\\") in text.lower() for like in likes([key]))
        plain = text
        for number, escape in enumerate(ESCAPES, 1):
            plain = plain.replace(escape, chr(number))
        assert re.search(pattern_in_json([key]), plain, re.IGNORECASE)


@pytest.mark.parametrize("text", ["", "ann", "@example.com", "ann@", "a\0b@example.com", "x" * 400 + "@example.com"])
def test_what_is_no_address_is_not_looked_for(text: str) -> None:
    with pytest.raises(ValueError, match=r"ann@example\.com|control"):
        erasable(text)


@given(st.from_regex(r"\A[a-z0-9!#$%&'*+/=?^_`{|}~.\"-]{1,20}@[a-z0-9-]{1,10}\.[a-z]{2,5}\Z"))
def test_every_address_is_found_as_it_was_given(text: str) -> None:
    assert re.search(pattern([erasable(text)]), f"<{text}>", re.IGNORECASE)


def test_a_person_has_some_addresses_each_once_and_no_more_than_are_asked_for() -> None:
    assert of_one_person([" Ann@Example.com\n", "\n", "ann@example.com", "a@b"], 2) == ["ann@example.com", "a@b"]
    with pytest.raises(ValueError, match="one by one"):
        of_one_person([f"{'ö' * 60}{number}@example.com" for number in range(100)], 100)
    for written in ([], ["\n"], ["a@b", "b@b", "c@b"]):
        with pytest.raises(ValueError, match="give 1 to 2 addresses of one person"):
            of_one_person(written, 2)
