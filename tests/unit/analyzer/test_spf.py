"""SPF records: the grammar of RFC 7208, and what is said of a domain's TXT records."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.analyzer.evidence import Lookup, SpfPosture
from mailsift.analyzer.records.spf import SpfRecord, judge_spf, read_spf

READ = (
    ("v=spf1", SpfRecord(None, 0)),
    ("v=spf1 ", SpfRecord(None, 0)),
    ("V=SPF1 -ALL", SpfRecord("fail", 0)),
    ("v=spf1   mx   ~all  ", SpfRecord("softfail", 1)),
    ("v=spf1 all", SpfRecord("pass", 0)),
    ("v=spf1 ?all", SpfRecord("neutral", 0)),
    ("v=spf1 +a -mx ~ptr ?exists:%{i}.x.example -all", SpfRecord("fail", 4)),
    ("v=spf1 include:_spf.google.com include:spf.protection.outlook.com -all", SpfRecord("fail", 2)),
    ("v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ip6:2001:db8::1 ip6:2001:db8::/32 -all", SpfRecord("fail", 0)),
    ("v=spf1 ip6:::1 ip6:::ffff:192.0.2.1/128 ip6:1:2:3:4:5:6:7:8 -all", SpfRecord("fail", 0)),
    ("v=spf1 a:mail.company.com/24//64 a/0 mx//128 mx:company.com/32 -all", SpfRecord("fail", 4)),
    ("v=spf1 redirect=_spf.company.com", SpfRecord(None, 1)),
    ("v=spf1 -all redirect=_spf.company.com", SpfRecord("fail", 0)),
    ("v=spf1 redirect=_spf.company.com -all", SpfRecord("fail", 0)),
    ("v=spf1 -all mx include:company.com", SpfRecord("fail", 0)),
    ("v=spf1 exp=explain.%{d} unknown.modifier=%{c}%%x -all", SpfRecord("fail", 0)),
    ("v=spf1 include:%{ir}.%{v}._spf.%{d2} -all", SpfRecord("fail", 1)),
    ("v=spf1 include:company.com. -all", SpfRecord("fail", 1)),
    ("v=spf1 -all all= x-1._=", SpfRecord("fail", 0)),
    ("v=spf1 a:_under.score-d.company.com -all", SpfRecord("fail", 1)),
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
def test_a_record_is_read(text: str, expected: SpfRecord) -> None:
    assert read_spf(text) == expected


@pytest.mark.parametrize("text", SYNTAX_ERRORS)
def test_a_syntax_error_voids_the_whole_record(text: str) -> None:
    assert read_spf(text) is None


TEN = "v=spf1 " + " ".join(f"include:s{i}.company.com" for i in range(10))

JUDGED = (
    (Lookup.FOUND, ("google-site-verification=x", "v=spf1 mx -all"), SpfPosture(True, "valid", "fail")),
    (Lookup.FOUND, ("v=spf10 mx", "v=spf2.0/pra", " v=spf1 -all", "v=spf1-all"), SpfPosture(False, "none")),
    (Lookup.NODATA, (), SpfPosture(False, "none")),
    (Lookup.NXDOMAIN, (), SpfPosture(False, "none")),
    (Lookup.FOUND, ("v=spf1 -all", "V=spf1 mx"), SpfPosture(False, "several")),
    (Lookup.FOUND, ("v=spf1 mx; -all",), SpfPosture(False, "syntax")),
    (Lookup.FOUND, (f"{TEN} -all",), SpfPosture(True, "valid", "fail")),
    (Lookup.FOUND, (f"{TEN} mx -all",), SpfPosture(False, "too_many_lookups", "fail")),
    (Lookup.FOUND, (f"{TEN} redirect=company.com",), SpfPosture(False, "too_many_lookups")),
    (Lookup.FOUND, (f"{TEN} -all mx",), SpfPosture(True, "valid", "fail")),
    (Lookup.SERVFAIL, (), SpfPosture(None, "servfail")),
    (Lookup.TIMEOUT, (), SpfPosture(None, "timeout")),
    (Lookup.REFUSED, (), SpfPosture(None, "refused")),
    (Lookup.NOT_ASKED, (), SpfPosture(None, "not_asked")),
)


@pytest.mark.parametrize(("lookup", "texts", "expected"), JUDGED)
def test_the_posture_follows_from_the_records(lookup: Lookup, texts: tuple[str, ...], expected: SpfPosture) -> None:
    assert judge_spf(lookup, texts) == expected


@given(st.text(max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    read_spf(text)
    assert judge_spf(Lookup.FOUND, (f"v=spf1 {text}",)).valid is not None


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
    assert record == SpfRecord("fail", sum(not term.startswith("ip") for term in terms))
