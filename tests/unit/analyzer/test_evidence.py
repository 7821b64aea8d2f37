"""Domain facts as stored: what is written is read back, and whatever else is there does no harm."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_facts import ANY_FACTS, HEALTHY, public
from mailsift.analyzer.evidence import FACTS_VERSION, DomainFacts, Existence, Lookup, MailHost, Reach
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.facts_json import evidence_to_json, facts_from_json, facts_to_json
from mailsift.shared.addresses import parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(ANY_FACTS)
def test_what_is_written_is_read_back(facts: DomainFacts) -> None:
    assert facts_from_json(json.loads(json.dumps(facts_to_json(facts))), facts.domain) == facts


def test_an_empty_object_is_a_domain_of_which_nothing_is_known() -> None:
    assert facts_from_json({}, "company.com") == DomainFacts("company.com")


@given(JSON)
def test_any_json_can_be_read(stored: object) -> None:
    assert isinstance(facts_from_json(stored, "company.com"), DomainFacts)


@given(st.sampled_from(sorted(facts_to_json(HEALTHY))), JSON)
def test_a_key_that_makes_no_sense_spoils_no_other(key: str, value: object) -> None:
    read = facts_from_json({**facts_to_json(HEALTHY), key: value}, HEALTHY.domain)
    others = set(facts_to_json(HEALTHY)) - {key}
    assert {name: facts_to_json(read)[name] for name in others} == {
        name: facts_to_json(HEALTHY)[name] for name in others
    }


@pytest.mark.parametrize("key", sorted(facts_to_json(HEALTHY)))
def test_a_missing_key_has_a_working_default(key: str) -> None:
    stored = {name: value for name, value in facts_to_json(HEALTHY).items() if name != key}
    assert facts_to_json(facts_from_json(stored, HEALTHY.domain))[key] == facts_to_json(DomainFacts(""))[key]


def test_the_first_mail_host_is_the_best_or_the_domain_itself() -> None:
    assert HEALTHY.mx_host == "mx1.company.com"
    assert replace(HEALTHY, mx=(), own_host=public(0, "company.com")).mx_host == "company.com"
    assert replace(HEALTHY, mx=()).mx_host is None


def test_of_a_list_only_what_makes_sense_is_read() -> None:
    first, odd = {"preference": 5, "host": "a", "reach": "private"}, {"preference": 7, "host": "b", "reach": "lost"}
    stored = {"mx": [first, "x", None, {"preference": True, "host": "c"}, {"host": "d"}, odd, [1, "e"]]}
    assert facts_from_json(stored, "company.com").mx == (MailHost(5, "a", Reach.PRIVATE), MailHost(7, "b"))


def test_facts_say_which_version_found_them() -> None:
    assert facts_to_json(HEALTHY)["version"] == FACTS_VERSION
    assert "domain" not in facts_to_json(HEALTHY)


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


def test_the_evidence_says_which_mailbox_an_address_leads_to() -> None:
    examination = Examiner({}).examine(parse("J.Doe+news@googlemail.com"))
    mailbox = json.loads(json.dumps(evidence_to_json(examination.evidence)))["mailbox"]
    assert (mailbox["base"], mailbox["tag"], mailbox["canonical"]) == ("j.doe", "news", "jdoe@gmail.com")
    assert (mailbox["provider"]["name"], mailbox["fault"]) == ("gmail", "too_short")
    assert mailbox["provider"]["canonicalSource"].startswith("https://support.google.com/")


def test_the_evidence_has_the_domain_as_dns_and_as_people_write_it() -> None:
    shown = evidence_to_json(Examiner({}).examine(parse("ann@Bücher.example")).evidence)
    assert (shown["address"]["domain"], shown["domain"]["unicodeName"]) == ("xn--bcher-kva.example", "bücher.example")
