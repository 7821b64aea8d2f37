from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.analyzer import ordinary
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.ordinary import OrdinaryAddresses
from mailsift.analyzer.reference.files import read_list
from mailsift.analyzer.reference.lists import packaged_lists
from mailsift.analyzer.reference.mailboxes import mailbox_rules
from mailsift.analyzer.rules import ADDRESS_RULES
from mailsift.shared.addresses import Address, parse

DOMAINS = ("company.com", "gmail.com", "yahoo.com", "anna.fastmail.com", "qq.com", "icloud.com")
LISTED = [entry for name in ("roles", "no_reply", "test", "keyboard_runs") for entry in read_list(name).entries]
EXAMINER = Examiner({})

_PIECES = st.sampled_from(LISTED) | st.text("abeimnorstx019._-+", min_size=1, max_size=8)
_LOCAL_PARTS = st.lists(_PIECES, min_size=1, max_size=3).flatmap(
    lambda pieces: st.sampled_from(["", ".", "-", "_"]).map(lambda between: between.join(pieces))
)


def is_ordinary(text: str, addresses: OrdinaryAddresses | None = None) -> bool:
    domain = text.rpartition("@")[2].lower()
    known = addresses or OrdinaryAddresses(packaged_lists())
    return known.include(text, text.lower(), mailbox_rules(domain))


def findings(text: str) -> list[str]:
    evidence = EXAMINER.examine(parse(text)).evidence
    return [found.reason for rule in ADDRESS_RULES if (found := rule(evidence)) is not None]


@pytest.mark.parametrize("local_part", ["anna", "Anna.Berg", "a.berg", "anna_berg", "anna-maria.berg", "annaberg1985"])
@pytest.mark.parametrize("domain", ["company.com", "outlook.com"])
def test_names_of_people_are_ordinary(local_part: str, domain: str) -> None:
    assert is_ordinary(f"{local_part}@{domain}")


@pytest.mark.parametrize("domain", DOMAINS)
def test_an_address_that_a_rule_speaks_of_is_not_ordinary(domain: str) -> None:
    shapes = ("{}", "{}7", "{}+x", "{}-anna", "{}.anna", "anna.{}", "anna_{}2")
    named = [shape.format(entry) for entry, shape in product(LISTED, shapes)]
    more = ["a", "7", "123456", "anna+news", '"anna berg"', "émile"]
    spoken_of = [text for name in (*named, *more) if findings(text := f"{name}@{domain}")]
    assert len(spoken_of) > len(LISTED) / 2
    addresses = OrdinaryAddresses(packaged_lists())
    assert [text for text in spoken_of if is_ordinary(text, addresses)] == []


@given(_LOCAL_PARTS, st.sampled_from(DOMAINS))
def test_of_an_ordinary_address_no_rule_has_anything_to_say(local_part: str, domain: str) -> None:
    text = f"{local_part}@{domain}"
    if is_ordinary(text):
        address = parse(text)
        assert isinstance(address, Address)
        assert (address.domain, address.normalized) == (domain, text.lower())
        assert findings(text) == []


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        (" anna@company.com", "anna@company.com"),
        ("anna@company.com ", "anna@company.com"),
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@compan\u212a.com", "anna@compank.com"),
        ("bruno@company.com", "anna@company.com"),
    ],
    ids=["blank before", "blank behind", "not ASCII", "ASCII only in lower case", "another"],
)
def test_an_address_that_is_more_than_in_other_letter_case_is_not_ordinary(text: str, normalized: str) -> None:
    assert not OrdinaryAddresses(packaged_lists()).include(text, normalized, None)


def test_words_are_forgotten_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordinary, "_WORDS_KEPT", 2)
    addresses = OrdinaryAddresses(packaged_lists())
    for name in ("anna.berg", "carl.dahl", "anna.berg", "carl.berg"):
        assert addresses.include(f"{name}@company.com", f"{name}@company.com", None)
