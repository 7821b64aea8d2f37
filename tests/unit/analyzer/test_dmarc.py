"""DMARC records: which one counts, and the policy that follows (RFC 9989)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.analyzer.evidence import DmarcPosture, Lookup
from mailsift.analyzer.records.dmarc import POLICIES, DmarcAnswer, judge_dmarc, read_policy

POLICIES_READ = (
    ("v=DMARC1; p=reject", False, "reject"),
    ("v=DMARC1;p=Quarantine;", False, "quarantine"),
    ("v = DMARC1 ; rua = mailto:d@company.com ; p = none", False, "none"),
    ("v=DMARC1; p=reject; sp=none", False, "reject"),
    ("v=DMARC1; p=reject; sp=none", True, "none"),
    ("v=DMARC1; p=reject; sp=nonsense", True, "reject"),
    ("v=DMARC1; p=reject", True, "reject"),
    ("v=DMARC1; rua=mailto:d@company.com", False, "none"),
    ("v=DMARC1; p=nonsense; rua=mailto:d@company.com!10m", False, "none"),
    ("v=DMARC1; p=nonsense", False, None),
    ("v=DMARC1", False, None),
    ("v=DMARC1; p=reject; p=none", False, "reject"),
    ("v=DMARC1; ;;=; x; p=reject", False, "reject"),
)


@pytest.mark.parametrize(("text", "inherited", "policy"), POLICIES_READ)
def test_a_policy_is_read(text: str, inherited: bool, policy: str | None) -> None:
    assert read_policy(text, inherited=inherited) == policy


RECORD = "v=DMARC1; p=reject; sp=quarantine"

JUDGED = (
    ((), DmarcPosture()),
    ((DmarcAnswer("a.b.com", Lookup.FOUND, (RECORD,)),), DmarcPosture(True, "valid", "reject", "a.b.com")),
    (
        (DmarcAnswer("a.b.com", Lookup.NXDOMAIN), DmarcAnswer("b.com", Lookup.FOUND, (RECORD,))),
        DmarcPosture(True, "valid", "quarantine", "b.com"),
    ),
    (
        (
            DmarcAnswer("a.b.com", Lookup.FOUND, ("v=spf1 -all", "v=dmarc1; p=none")),
            DmarcAnswer("b.com", Lookup.NODATA),
        ),
        DmarcPosture(False, "none"),
    ),
    (
        (DmarcAnswer("b.com", Lookup.FOUND, (RECORD, "v=DMARC1; p=none")),),
        DmarcPosture(False, "several", found_at="b.com"),
    ),
    ((DmarcAnswer("b.com", Lookup.FOUND, ("v=DMARC1; x=y",)),), DmarcPosture(False, "no_policy", found_at="b.com")),
    ((DmarcAnswer("b.com", Lookup.SERVFAIL),), DmarcPosture(None, "servfail")),
    ((DmarcAnswer("a.b.com", Lookup.NODATA), DmarcAnswer("b.com", Lookup.TIMEOUT)), DmarcPosture(None, "timeout")),
    ((DmarcAnswer("b.com", Lookup.FOUND, ("v=DMARC10; p=none",)),), DmarcPosture(False, "none")),
)


@pytest.mark.parametrize(("answers", "expected"), JUDGED)
def test_the_posture_follows_from_the_answers(answers: tuple[DmarcAnswer, ...], expected: DmarcPosture) -> None:
    assert judge_dmarc(answers) == expected


@given(st.text(max_size=300), st.booleans())
def test_no_text_makes_it_raise(text: str, inherited: bool) -> None:
    policy = read_policy(f"v=DMARC1;{text}", inherited=inherited)
    assert policy is None or policy in POLICIES
