"""MTA-STS and TLS-RPT records, and names that nobody ever made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.analyzer.evidence import Lookup, TransportPosture
from mailsift.analyzer.records.replies import Reply
from mailsift.analyzer.records.transport import walk_mta_sts, walk_tls_rpt
from mailsift.analyzer.records.wildcard import WildcardFound, walk_wildcard
from walking import NODATA, NXDOMAIN, TIMEOUT, hosts, texts, walk

NONE = TransportPosture(valid=False, detail="none")
SYNTAX = TransportPosture(valid=False, detail="syntax")

STS = (
    (NODATA, NONE),
    (NXDOMAIN, NONE),
    (TIMEOUT, TransportPosture(None, "timeout")),
    (texts("v=STSv1; id=20160831085700Z;"), TransportPosture(True, "valid", "20160831085700Z")),
    (texts("v=STSv1;id=1;ext=x", "unrelated"), TransportPosture(True, "valid", "1")),
    (texts("v=STSv1; id=1", "v=STSv1; id=2"), TransportPosture(valid=False, detail="several")),
    (texts("v=STSv1"), SYNTAX),
    (texts("v=STSv1; id=2026-01-01"), SYNTAX),
    (texts(f"v=STSv1; id={'1' * 33}"), SYNTAX),
    (texts("id=1; v=STSv1"), NONE),
    (texts("v=STSv2; id=1"), NONE),
)


@pytest.mark.parametrize(("reply", "expected"), STS)
def test_mta_sts(reply: Reply, expected: TransportPosture) -> None:
    assert walk(walk_mta_sts("company.com"), {"_mta-sts.company.com TXT": reply}) == expected


REPORTS = (
    (NODATA, NONE),
    (texts("v=TLSRPTv1;rua=mailto:t@company.com"), TransportPosture(True, "valid", "mailto:t@company.com")),
    (
        texts("v=TLSRPTv1; rua=https://x.y/z, mailto:a@b.c;"),
        TransportPosture(True, "valid", "https://x.y/z, mailto:a@b.c"),
    ),
    (texts("v=TLSRPTv1; rua=t@company.com"), SYNTAX),
    (texts("v=TLSRPTv1;"), SYNTAX),
)


@pytest.mark.parametrize(("reply", "expected"), REPORTS)
def test_tls_rpt(reply: Reply, expected: TransportPosture) -> None:
    assert walk(walk_tls_rpt("company.com"), {"_smtp._tls.company.com TXT": reply}) == expected


@given(st.text(max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    for record in (text, f"v=STSv1;{text}", f"v=TLSRPTv1;rua={text}"):
        walk(walk_mta_sts("company.com"), {}, texts(record))
        walk(walk_tls_rpt("company.com"), {}, texts(record))


@pytest.mark.parametrize(
    ("domain", "registrable", "base"),
    [
        ("company.com", "company.com", "company.com"),
        ("mail.company.com", "company.com", "company.com"),
        ("a.mail.company.com", "company.com", "mail.company.com"),
        ("company.example", None, "company.example"),
        ("mail.company.example", None, "company.example"),
    ],
)
def test_a_name_that_is_nobodys_is_asked_for_beside_a_subdomain(
    domain: str, registrable: str | None, base: str
) -> None:
    asked: list[str] = []
    assert walk(walk_wildcard(domain, registrable), {}, hosts("mx.net"), asked) == WildcardFound(base, Lookup.FOUND)
    assert asked[0].partition(".")[2] == f"{base} MX"
    assert walk(walk_wildcard(domain, registrable), {}, NXDOMAIN) == WildcardFound(None, Lookup.NXDOMAIN)
    assert walk(walk_wildcard(domain, registrable), {}, TIMEOUT) == WildcardFound(None, Lookup.TIMEOUT)
