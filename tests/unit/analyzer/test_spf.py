"""SPF records: the grammar of RFC 7208."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.analyzer.records.spf import Mechanism, SpfRecord, SpfTerm, read_spf

READ = (
    ("v=spf1", (None, 0)),
    ("v=spf1 ", (None, 0)),
    ("V=SPF1 -ALL", ("fail", 0)),
    ("v=spf1   mx   ~all  ", ("softfail", 1)),
    ("v=spf1 all", ("pass", 0)),
    ("v=spf1 ?all", ("neutral", 0)),
    ("v=spf1 +a -mx ~ptr ?exists:%{i}.x.example -all", ("fail", 4)),
    ("v=spf1 include:_spf.google.com include:spf.protection.outlook.com -all", ("fail", 2)),
    ("v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ip6:2001:db8::1 ip6:2001:db8::/32 -all", ("fail", 0)),
    ("v=spf1 ip6:::1 ip6:::ffff:192.0.2.1/128 ip6:1:2:3:4:5:6:7:8 -all", ("fail", 0)),
    ("v=spf1 a:mail.company.com/24//64 a/0 mx//128 mx:company.com/32 -all", ("fail", 4)),
    ("v=spf1 redirect=_spf.company.com", (None, 1)),
    ("v=spf1 -all redirect=_spf.company.com", ("fail", 0)),
    ("v=spf1 redirect=_spf.company.com -all", ("fail", 0)),
    ("v=spf1 -all mx include:company.com", ("fail", 0)),
    ("v=spf1 exp=explain.%{d} unknown.modifier=%{c}%%x -all", ("fail", 0)),
    ("v=spf1 include:%{ir}.%{v}._spf.%{d2} -all", ("fail", 1)),
    ("v=spf1 include:company.com. -all", ("fail", 1)),
    ("v=spf1 -all all= x-1._=", ("fail", 0)),
    ("v=spf1 a:_under.score-d.company.com -all", ("fail", 1)),
)

SYNTAX_ERRORS = (
    "v=spf1 alll",
    "v=spf1 all:company.com",
    "v=spf1 ip4:192.0.2.256 -all",
    "v=spf1 ip4:192.0.2 -all",
    "v=spf1 ip4:192.0.2.1/33 -all",
    "v=spf1 ip4:192.0.2.0/024 -all",
    "v=spf1 ip4 -all",
    "v=spf1 ip6:2001:db8::/129 -all",
    "v=spf1 ip6:1::2::3 -all",
    "v=spf1 ip6:fe80::1%eth0 -all",
    "v=spf1 ip6:192.0.2.1 -all",
    "v=spf1 include -all",
    "v=spf1 include: -all",
    "v=spf1 include:localhost -all",
    "v=spf1 include:company.123 -all",
    "v=spf1 a:company.-com -all",
    "v=spf1 exists -all",
    "v=spf1 ptr/24 -all",
    "v=spf1 a:company.com:8080 mx/ -all",
    "v=spf1 a/33 -all",
    "v=spf1 include:%{x}.company.com -all",
    "v=spf1 include:%{d0}.company.com -all",
    "v=spf1 include:%{c}.company.com -all",
    "v=spf1 include:%company.com -all",
    "v=spf1 redirect=a.example redirect=b.example",
    "v=spf1 exp=a.example exp=b.example -all",
    "v=spf1 redirect=",
    "v=spf1 redirect=company",
    "v=spf1 include=company.com; -all,",
    "v=spf1 -all\tmx",
    "v=spf1 m\ufffdx -all",
    "v=spf1 " + "a " * 3000,
)


@pytest.mark.parametrize(("text", "expected"), READ)
def test_a_record_is_read(text: str, expected: tuple[str | None, int]) -> None:
    record = read_spf(text)
    assert record is not None
    assert (record.all_policy, len(record.terms) + (record.redirect is not None)) == expected


def test_what_is_to_be_looked_up_is_read_too() -> None:
    assert read_spf("v=spf1 a -mx:MX.company.com/24 ?include:company.com. ~exists:%{i}.x ptr") == SpfRecord(
        None,
        (
            SpfTerm(Mechanism.A),
            SpfTerm(Mechanism.MX, "mx.company.com", "fail"),
            SpfTerm(Mechanism.INCLUDE, "company.com", "neutral"),
            SpfTerm(Mechanism.EXISTS, "%{i}.x", "softfail"),
            SpfTerm(Mechanism.PTR),
        ),
    )
    assert read_spf("v=spf1 redirect=_SPF.company.com.") == SpfRecord(redirect="_spf.company.com")


@pytest.mark.parametrize("text", SYNTAX_ERRORS)
def test_a_syntax_error_voids_the_whole_record(text: str) -> None:
    assert read_spf(text) is None


@given(st.text(max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    read_spf(text)
    read_spf(f"v=spf1 {text}")


@pytest.mark.parametrize("piece", ["a", "a.", ".", "-", "a-", "%{d}", "%", "1", ".1", "/", "0:", ":"])
@pytest.mark.parametrize("start", ["include:", "a:", "x=", "redirect=", "ip6:"])
def test_a_hostile_record_takes_no_time(start: str, piece: str) -> None:
    before = time.process_time()
    read_spf(f"v=spf1 {start}{piece * 4000}"[:4090] + " !")
    assert time.process_time() - before < 0.5


MECHANISMS = st.sampled_from(["a", "mx", "ptr", "include:a.example", "exists:b.example", "ip4:192.0.2.1", "ip6:::1"])


@given(st.lists(MECHANISMS, max_size=20))
def test_every_term_that_needs_a_lookup_is_counted(terms: list[str]) -> None:
    record = read_spf(" ".join(["v=spf1", *terms, "-all"]))
    assert record is not None
    assert len(record.terms) == sum(not term.startswith("ip") for term in terms)
