"""Domain facts as stored: what is written is read back, and whatever else is there does no harm."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_facts import ANY_FACTS, HEALTHY
from mailsift.analyzer.evidence import DomainFacts, Existence, Lookup, MailHost

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(ANY_FACTS)
def test_what_is_written_is_read_back(facts: DomainFacts) -> None:
    assert DomainFacts.from_json(json.loads(json.dumps(facts.to_json())), facts.domain) == facts


def test_an_empty_object_is_a_domain_of_which_nothing_is_known() -> None:
    assert DomainFacts.from_json({}, "company.com") == DomainFacts("company.com")


@given(JSON)
def test_any_json_can_be_read(stored: object) -> None:
    assert isinstance(DomainFacts.from_json(stored, "company.com"), DomainFacts)


@given(st.sampled_from(sorted(HEALTHY.to_json())), JSON)
def test_a_key_that_makes_no_sense_spoils_no_other(key: str, value: object) -> None:
    read = DomainFacts.from_json({**HEALTHY.to_json(), key: value}, HEALTHY.domain)
    others = set(HEALTHY.to_json()) - {key}
    assert {name: read.to_json()[name] for name in others} == {name: HEALTHY.to_json()[name] for name in others}


@pytest.mark.parametrize("key", sorted(HEALTHY.to_json()))
def test_a_missing_key_has_a_working_default(key: str) -> None:
    stored = {name: value for name, value in HEALTHY.to_json().items() if name != key}
    assert DomainFacts.from_json(stored, HEALTHY.domain).to_json()[key] == DomainFacts("").to_json()[key]


def test_the_first_mail_host_is_the_best_or_the_domain_itself() -> None:
    assert HEALTHY.mx_host == "mx1.company.com"
    assert replace(HEALTHY, mx=(), implicit_mx=True).mx_host == "company.com"
    assert replace(HEALTHY, mx=()).mx_host is None
    stored = {"mx": [[5, "a"], "x", [None, "b"], ["7", "c"], [1]]}
    assert DomainFacts.from_json(stored, "company.com").mx == (MailHost(5, "a"),)


@pytest.mark.parametrize(
    ("existence", "exists"),
    [(Existence.EXISTS, True), (Existence.NXDOMAIN, False), (Existence.SERVFAIL, None), (Existence.TIMEOUT, None)],
)
def test_existence_in_three_values(existence: Existence, exists: bool | None) -> None:
    assert replace(HEALTHY, existence=existence).exists is exists


@pytest.mark.parametrize("lookup", Lookup)
def test_only_knowledge_says_whether_a_domain_exists(lookup: Lookup) -> None:
    known = Existence.after(lookup) in {Existence.EXISTS, Existence.NXDOMAIN}
    assert known is lookup.tells
