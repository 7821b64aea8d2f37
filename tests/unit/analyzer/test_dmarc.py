"""DMARC records: which one counts, and the policy that follows (RFC 9989)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.analyzer.evidence import DmarcPosture, Lookup
from mailsift.analyzer.records.dmarc import POLICIES, DmarcRecord, names_to_ask, read_dmarc, walk_dmarc
from mailsift.analyzer.records.replies import Reply
from walking import NXDOMAIN, TIMEOUT, texts, walk

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from checkdmarc.dmarc import DMARCError, parse_dmarc_record

POLICIES_READ = (
    ("v=DMARC1; p=reject", False, "reject"),
    ("v=DMARC1;p=Quarantine;", False, "quarantine"),
    ("v = DMARC1 ; rua = mailto:d@company.com ; p = none", False, "none"),
    ("v=DMARC1; p=reject; sp=none", False, "reject"),
    ("v=DMARC1; p=reject; sp=none", True, "none"),
    ("v=DMARC1; p=reject; np=none", True, "reject"),
    ("v=DMARC1; p=reject", True, "reject"),
    ("v=DMARC1; rua=mailto:d@company.com", False, "none"),
    ("v=DMARC1; p=nonsense; rua=mailto:d@company.com!10m", False, "none"),
    ("v=DMARC1; p=reject; sp=nonsense; rua=mailto:d@company.com", True, "none"),
    ("v=DMARC1; p=reject; np=nonsense", False, None),
    ("v=DMARC1; p=nonsense", False, None),
    ("v=DMARC1", False, "none"),
    ("v=DMARC1; sp=reject", True, "reject"),
    ("v=DMARC1; p=reject; p=none", False, "reject"),
    ("v=DMARC1; ;;=; x; p=reject", False, "reject"),
)


@pytest.mark.parametrize(("text", "inherited", "policy"), POLICIES_READ)
def test_a_policy_is_read(text: str, inherited: bool, policy: str | None) -> None:
    assert read_dmarc(text).policy_for(inherited=inherited) == policy


def test_every_tag_is_read() -> None:
    text = "v=DMARC1; p=reject; sp=quarantine; np=none; adkim=S; aspf=s; t=y; psd=n; rua=mailto:A@b.c,https://x,mailto:d@e.f"
    assert read_dmarc(text) == DmarcRecord(
        "reject", "quarantine", "none", "s", "s", ("mailto:A@b.c", "mailto:d@e.f"), is_test=True, psd="n"
    )


def test_a_tag_that_makes_no_sense_is_left_at_its_default() -> None:
    assert read_dmarc("v=DMARC1; p=none; adkim=x; aspf=; t=yes; psd=maybe; pct=33; rf=afrf") == DmarcRecord("none")


def test_the_tree_walk_takes_no_name_to_more_than_eight_questions() -> None:
    assert list(names_to_ask("a.b.company.co.uk")) == [
        "a.b.company.co.uk",
        "b.company.co.uk",
        "company.co.uk",
        "co.uk",
        "uk",
    ]
    assert list(names_to_ask("com")) == ["com"]
    deep = ".".join("abcdefghijk")
    assert list(names_to_ask(deep)) == [
        deep,
        "e.f.g.h.i.j.k",
        "f.g.h.i.j.k",
        "g.h.i.j.k",
        "h.i.j.k",
        "i.j.k",
        "j.k",
        "k",
    ]
    eight = ".".join("abcdefgh")
    assert list(names_to_ask(eight))[1] == "b.c.d.e.f.g.h"


RECORD = texts("v=DMARC1; p=reject; sp=quarantine")

WALKS: tuple[tuple[str, Mapping[str, Reply], tuple[bool | None, str, str | None, str | None]], ...] = (
    ("b.com", {}, (False, "none", None, None)),
    ("b.com", {"b.com": RECORD}, (True, "valid", "reject", "b.com")),
    ("a.b.com", {"a.b.com": RECORD, "b.com": texts("v=DMARC1; p=none")}, (True, "valid", "reject", "a.b.com")),
    ("a.b.com", {"a.b.com": NXDOMAIN, "b.com": RECORD}, (True, "valid", "quarantine", "b.com")),
    ("x.a.b.com", {"a.b.com": texts("v=DMARC1; p=none"), "b.com": RECORD}, (True, "valid", "quarantine", "b.com")),
    ("x.a.b.com", {"a.b.com": texts("v=DMARC1; p=none; psd=n"), "b.com": RECORD}, (True, "valid", "none", "a.b.com")),
    ("a.b.com", {"a.b.com": texts("v=spf1 -all", "v=dmarc1; p=none")}, (False, "none", None, None)),
    ("b.com", {"b.com": texts("v=DMARC10; p=none")}, (False, "none", None, None)),
    # several are as good as none
    ("b.com", {"b.com": texts("v=DMARC1; p=none", "v=DMARC1; p=reject")}, (False, "several", None, "b.com")),
    ("a.b.com", {"a.b.com": texts("v=DMARC1", "v=DMARC1"), "b.com": RECORD}, (True, "valid", "quarantine", "b.com")),
    ("b.com", {"b.com": texts("v=DMARC1; p=x")}, (False, "no_policy", None, "b.com")),
    ("a.b.com", {"a.b.com": texts("v=DMARC1; p=x"), "b.com": RECORD}, (False, "no_policy", None, "a.b.com")),
    # public suffixes that have a policy of their own
    ("b.bank", {"bank": texts("v=DMARC1; p=reject; psd=y")}, (True, "valid", "reject", "bank")),
    ("a.b.bank", {"b.bank": RECORD, "bank": texts("v=DMARC1; p=none; psd=y")}, (True, "valid", "quarantine", "b.bank")),
    ("x.a.b.bank", {"a.b.bank": RECORD, "bank": texts("v=DMARC1; p=none; psd=y")}, (True, "valid", "none", "bank")),
    # silence
    ("b.com", {"b.com": Reply(Lookup.SERVFAIL)}, (None, "servfail", None, None)),
    ("a.b.com", {"b.com": TIMEOUT}, (None, "timeout", None, None)),
    ("b.com", {"com": TIMEOUT}, (None, "timeout", None, None)),
    ("a.b.com", {"b.com": RECORD, "com": TIMEOUT}, (True, "valid", "quarantine", "b.com")),
)  # fmt: skip


@pytest.mark.parametrize(("domain", "answers", "expected"), WALKS)
def test_the_tree_is_walked_to_the_record_that_holds(
    domain: str, answers: Mapping[str, Reply], expected: tuple[bool | None, str, str | None, str | None]
) -> None:
    found = walk(walk_dmarc(domain), {f"_dmarc.{name} TXT": reply for name, reply in answers.items()})
    assert (found.valid, found.detail, found.policy, found.found_at) == expected


def test_the_evidence_says_what_the_record_says() -> None:
    text = "v=DMARC1; p=none; sp=reject; adkim=s; rua=mailto:d@company.com; t=y"
    assert walk(walk_dmarc("company.com"), {"_dmarc.company.com TXT": texts(text)}) == DmarcPosture(
        valid=True,
        detail="valid",
        policy="none",
        found_at="company.com",
        subdomain_policy="reject",
        dkim_alignment="s",
        spf_alignment="r",
        reports_to=("mailto:d@company.com",),
        is_test=True,
        record=text,
    )


def test_the_domains_own_record_ends_the_walk() -> None:
    asked: list[str] = []
    walk(walk_dmarc("a.b.com"), {"_dmarc.a.b.com TXT": RECORD}, asked=asked)
    assert asked == ["_dmarc.a.b.com TXT"]


@given(st.text(max_size=300), st.booleans())
def test_no_text_makes_it_raise(text: str, inherited: bool) -> None:
    policy = read_dmarc(f"v=DMARC1;{text}").policy_for(inherited=inherited)
    assert policy is None or policy in POLICIES


POLICY = st.none() | st.sampled_from(["none", "quarantine", "reject", "nonsense"])
MODE = st.none() | st.sampled_from(["r", "s"])


@given(st.fixed_dictionaries({"p": POLICY, "sp": POLICY, "np": POLICY, "adkim": MODE, "aspf": MODE}))
def test_another_reader_reads_the_same(tags: dict[str, str | None]) -> None:
    text = "; ".join(["v=DMARC1", *(f"{name}={value}" for name, value in tags.items() if value is not None)])
    record = read_dmarc(text)
    try:
        read = parse_dmarc_record(text, "company.com")["tags"]
    except DMARCError:
        assert record.policy is None
        return
    assert (record.policy, record.dkim_alignment, record.spf_alignment) == (
        read["p"]["value"],
        read["adkim"]["value"],
        read["aspf"]["value"],
    )
    if tags["sp"] is not None:
        assert record.policy_for(inherited=True) == read["sp"]["value"]
