"""Verdicts: the examples that must come out, and what holds for any findings at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_facts import ANY_FACTS, HEALTHY, public
from mailsift.analyzer.evidence import DkimPosture, DmarcPosture, DomainFacts, Existence, SpfPosture
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.rules.finding import Finding
from mailsift.analyzer.scoring import Lead, Verdict, score
from mailsift.shared.addresses import parse
from mailsift.shared.scoring_policy import (
    DEFAULT_POLICY,
    LEAD_STATUS,
    RISK_LEVEL,
    WEIGHABLE,
    ScoringPolicy,
    parse_policy,
)
from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status
from scoring_policies import policies

NO_DMARC = replace(HEALTHY, dmarc=DmarcPosture(False, "none"))


def _verdict(text: str, facts: DomainFacts | None, policy: ScoringPolicy = DEFAULT_POLICY) -> Verdict:
    known = {} if facts is None else {facts.domain: facts}
    return Examiner(known, policy).examine(parse(text)).verdict


def test_a_person_at_a_company_without_dmarc_scores_95() -> None:
    assert _verdict("john@company.com", NO_DMARC) == Verdict(
        status=Status.VALID,
        sub_status="domain_accepts_mail",
        score=95,
        lead_status=LeadStatus.HIGH_QUALITY,
        risk_level=RiskLevel.LOW,
        reasons=("dmarc_missing",),
        breakdown=(("base", 100), ("dmarc_missing", -5)),
    )


def test_a_role_account_otherwise_alike_scores_82() -> None:
    assert _verdict("sales@startup.io", replace(NO_DMARC, domain="startup.io")) == Verdict(
        status=Status.VALID,
        sub_status="domain_accepts_mail",
        score=82,
        lead_status=LeadStatus.MEDIUM_QUALITY,
        risk_level=RiskLevel.LOW,
        reasons=("role_account", "dmarc_missing"),
        breakdown=(("base", 100), ("role_account", -13), ("dmarc_missing", -5)),
    )


GONE = replace(HEALTHY, existence=Existence.NXDOMAIN, mx=(), accepts_mail=False)
BARE = (SpfPosture(False, "none"), DkimPosture(None, "no_keys"), DmarcPosture(False, "none"))
IMPLICIT = replace(HEALTHY, mx=(), own_host=public(0, "company.com"), spf=BARE[0], dkim=BARE[1], dmarc=BARE[2])
TIMEOUT = DomainFacts("company.com", Existence.TIMEOUT)

EXAMPLES = (
    ("john@company.com", HEALTHY, ("valid", "domain_accepts_mail", 100, "high-quality", "low")),
    ("info@company.com", HEALTHY, ("valid", "domain_accepts_mail", 87, "medium-quality", "low")),
    ("jane.roe@gmail.com", HEALTHY, ("valid", "domain_accepts_mail", 100, "medium-quality", "low")),
    ("fox@duck.com", HEALTHY, ("valid", "domain_accepts_mail", 75, "medium-quality", "medium")),
    ("a@mailinator.com", HEALTHY, ("risky", "disposable", 30, "low-quality", "high")),
    ("john@company.com", IMPLICIT, ("risky", "implicit_mx", 55, "low-quality", "medium")),
    ("ann@outlok.com", IMPLICIT, ("risky", "probable_typo", 15, "low-quality", "high")),
    ("ann@outlok.com", GONE, ("invalid", "domain_not_found", 0, "invalid", "high")),
    ("john@company.com", replace(GONE, existence=Existence.EXISTS), ("invalid", "no_mail_host", 0, "invalid", "high")),
    (
        "a@company.com",
        replace(GONE, existence=Existence.EXISTS, null_mx=True),
        ("invalid", "null_mx", 0, "invalid", "high"),
    ),
    ("john@company.com", TIMEOUT, ("unknown", "dns_timeout", 50, "unknown", "unknown")),
    ("info@company.com", TIMEOUT, ("unknown", "dns_timeout", 50, "unknown", "unknown")),
    ("a@mailinator.com", TIMEOUT, ("risky", "disposable", 30, "low-quality", "high")),
    ("john@company.com", None, ("unknown", "dns_unreachable", 50, "unknown", "unknown")),
    ("noreply@company.com", HEALTHY, ("valid", "domain_accepts_mail", 67, "low-quality", "medium")),
    ("test1@company.com", HEALTHY, ("risky", "test_address", 70, "medium-quality", "medium")),
    ("qwerty@company.com", HEALTHY, ("risky", "keyboard_run", 70, "medium-quality", "medium")),
    ("j@company.com", HEALTHY, ("valid", "domain_accepts_mail", 90, "high-quality", "low")),
    ("4711@company.com", HEALTHY, ("valid", "domain_accepts_mail", 90, "high-quality", "low")),
    ("john+news@company.com", HEALTHY, ("valid", "domain_accepts_mail", 100, "high-quality", "low")),
    ("john_smith@gmail.com", HEALTHY, ("risky", "provider_local_part", 60, "low-quality", "medium")),
    ('"john smith"@company.com', HEALTHY, ("risky", "quoted_local_part", 70, "medium-quality", "medium")),
    ("jürgen@company.com", HEALTHY, ("valid", "domain_accepts_mail", 100, "high-quality", "low")),
    ("john@[192.0.2.1]", None, ("risky", "address_literal", 30, "low-quality", "high")),
    ("john@[10.0.0.1]", None, ("risky", "address_literal", 30, "low-quality", "high")),
    ("john@[IPv6:::1]", None, ("invalid", "address_literal_nowhere", 0, "invalid", "high")),
    ("invalid@", None, ("invalid", "syntax_domain_empty", 0, "invalid", "high")),
)


@pytest.mark.parametrize(("text", "facts", "expected"), EXAMPLES)
def test_an_example(text: str, facts: DomainFacts | None, expected: tuple[str, str, int, str, str]) -> None:
    found = _verdict(text, None if facts is None else replace(facts, domain=text.rpartition("@")[2]))
    assert (found.status, found.sub_status, found.score, found.lead_status, found.risk_level) == expected


def test_the_suggestion_is_the_whole_address() -> None:
    examiner = Examiner({"outlok.com": replace(GONE, domain="outlok.com")})
    assert examiner.examine(parse("John.Smith+x@outlok.com")).suggestion == "John.Smith+x@outlook.com"
    assert examiner.examine(parse("john@")).suggestion is None


def test_a_domain_with_an_mx_is_never_corrected() -> None:
    examiner = Examiner({"outlok.com": replace(HEALTHY, domain="outlok.com")})
    assert examiner.examine(parse("ann@outlok.com")).suggestion is None


def test_nothing_is_suggested_when_dns_did_not_answer() -> None:
    assert Examiner({}).examine(parse("ann@outlok.com")).suggestion is None


def test_a_name_that_leads_nowhere_is_no_company() -> None:
    for facts, corporate in ((HEALTHY, True), (TIMEOUT, True), (GONE, False)):
        domain = Examiner({"company.com": facts}).examine(parse("a@company.com")).evidence.domain
        assert domain is not None
        assert domain.is_corporate is corporate


FINDINGS = st.lists(
    st.builds(
        Finding,
        reason=st.sampled_from("abcdefghij"),
        points=st.integers(-60, 0),
        cap=st.none() | st.integers(0, 100),
        status=st.sampled_from(Status),
    ).map(lambda found: replace(found, cap=0) if found.status is Status.INVALID else found),
    max_size=8,
)
LEADS = st.builds(Lead, st.booleans(), st.booleans())
POLICIES = policies(st.sampled_from("abcdefghij"))


@given(FINDINGS, LEADS, POLICIES)
def test_the_breakdown_sums_to_the_score(findings: list[Finding], lead: Lead, policy: ScoringPolicy) -> None:
    verdict = score(findings, lead, policy)
    assert sum(points for _, points in verdict.breakdown) == verdict.score
    assert 0 <= verdict.score <= 100


@given(st.permutations(range(8)), FINDINGS, LEADS, POLICIES)
def test_the_order_of_findings_does_not_matter(
    order: list[int], findings: list[Finding], lead: Lead, policy: ScoringPolicy
) -> None:
    shuffled = [findings[index] for index in order if index < len(findings)]
    assert score(shuffled, lead, policy) == score(findings, lead, policy)


@given(FINDINGS, FINDINGS.filter(bool), LEADS, POLICIES)
def test_a_further_finding_never_raises_the_score(
    findings: list[Finding], further: list[Finding], lead: Lead, policy: ScoringPolicy
) -> None:
    assert score([*findings, *further], lead, policy).score <= score(findings, lead, policy).score


@given(FINDINGS, LEADS, POLICIES | policies(st.just("proven")))
def test_invalid_is_zero_and_says_so_everywhere(findings: list[Finding], lead: Lead, policy: ScoringPolicy) -> None:
    verdict = score([*findings, Finding("proven", cap=0, status=Status.INVALID)], lead, policy)
    assert (verdict.status, verdict.score) == (Status.INVALID, 0)
    assert (verdict.lead_status, verdict.risk_level) == (LeadStatus.INVALID, RiskLevel.HIGH)


NOTHING_KNOWN = st.lists(
    st.builds(Finding, st.sampled_from("abc"), cap=st.integers(0, 99), status=st.just(Status.UNKNOWN)), min_size=1
)


@given(NOTHING_KNOWN, LEADS, POLICIES)
def test_evidence_that_is_all_unknown_gives_unknown(findings: list[Finding], lead: Lead, policy: ScoringPolicy) -> None:
    verdict = score(findings, lead, policy)
    assert (verdict.status, verdict.lead_status, verdict.risk_level) == (
        Status.UNKNOWN,
        LeadStatus.UNKNOWN,
        RiskLevel.UNKNOWN,
    )
    assert verdict.score == min(finding.cap for finding in findings if finding.cap is not None) < 100


@given(FINDINGS, LEADS, POLICIES)
def test_a_policy_changes_no_status_and_no_reason(findings: list[Finding], lead: Lead, policy: ScoringPolicy) -> None:
    usual, verdict = score(findings, lead), score(findings, lead, policy)
    assert verdict.status is usual.status
    assert sorted(verdict.reasons) == sorted(usual.reasons)


@given(FINDINGS, LEADS)
def test_a_policy_that_says_what_the_rules_say_changes_nothing(findings: list[Finding], lead: Lead) -> None:
    distinct = list({finding.reason: finding for finding in findings}.values())
    weights = {finding.reason: finding.points for finding in distinct}
    caps = {finding.reason: 100 if finding.cap is None else finding.cap for finding in distinct}
    same = ScoringPolicy(tuple(sorted(weights.items())), tuple(sorted(caps.items())), LEAD_STATUS, RISK_LEVEL)
    assert score(distinct, lead, same) == score(distinct, lead)


TEXTS = st.sampled_from(["john.smith", "marketing", "newsletter+x", "no-reply.2", "4711123", "j", "qwerty", "test"])


REAL_POLICIES = policies(st.sampled_from(sorted(WEIGHABLE)))


@given(ANY_FACTS, TEXTS, REAL_POLICIES)
def test_unknown_is_never_invalid_and_never_a_hundred(
    facts: DomainFacts, local_part: str, policy: ScoringPolicy
) -> None:
    known = {Existence.EXISTS, Existence.NXDOMAIN}
    silent = DomainFacts(facts.domain, facts.existence if facts.existence not in known else Existence.TIMEOUT)
    verdict = _verdict(f"{local_part}@{facts.domain}", silent, policy)
    if local_part == "john.smith":
        assert verdict.status is (Status.RISKY if facts.domain == "mailinator.com" else Status.UNKNOWN)
    assert verdict.status in {Status.RISKY, Status.UNKNOWN}
    assert verdict.score <= 50


@given(ANY_FACTS, TEXTS, REAL_POLICIES)
def test_any_evidence_gives_a_whole_verdict(facts: DomainFacts, local_part: str, policy: ScoringPolicy) -> None:
    verdict = _verdict(f"{local_part}@{facts.domain}", facts, policy)
    assert (verdict.status is Status.INVALID) <= (verdict.score == 0)
    assert (verdict.status is Status.VALID) == (verdict.sub_status == "domain_accepts_mail")
    assert set(verdict.reasons) <= {reason for reason, _ in verdict.breakdown}


@given(ANY_FACTS, st.lists(TEXTS, min_size=1, max_size=6))
def test_an_examiner_that_remembers_answers_as_a_new_one(facts: DomainFacts, local_parts: list[str]) -> None:
    remembering = Examiner({facts.domain: facts})
    for local_part in local_parts:
        address = parse(f"{local_part}@{facts.domain}")
        assert remembering.examine(address) == Examiner({facts.domain: facts}).examine(address)


def test_a_workspace_may_find_role_accounts_fine() -> None:
    verdict = _verdict("info@company.com", HEALTHY, parse_policy({"weights": {"role_account": 0}}))
    assert (verdict.score, verdict.lead_status) == (100, LeadStatus.HIGH_QUALITY)
    assert verdict.reasons == ("role_account",)


def test_a_role_account_that_costs_anything_is_no_lead_of_high_quality() -> None:
    verdict = _verdict("info@company.com", HEALTHY, parse_policy({"weights": {"role_account": -1}}))
    assert (verdict.score, verdict.lead_status) == (99, LeadStatus.MEDIUM_QUALITY)


def test_caps_and_thresholds_are_those_of_the_policy() -> None:
    policy = parse_policy({"caps": {"disposable": 60}, "riskLevel": {"low": 70, "medium": 60}})
    facts = replace(HEALTHY, domain="mailinator.com")
    verdict = _verdict("ann@mailinator.com", facts, policy)
    assert (verdict.status, verdict.score, verdict.risk_level) == (Status.RISKY, 60, RiskLevel.MEDIUM)
    assert verdict.breakdown[-1] == ("disposable_cap", -40)
    assert _verdict("ann@mailinator.com", facts, parse_policy({"caps": {"disposable": 100}})).score == 100


def test_what_weighs_most_under_the_policy_is_named_first() -> None:
    facts = replace(NO_DMARC, domain="company.com")
    policy = parse_policy({"weights": {"role_account": -1, "dmarc_missing": -40}})
    assert _verdict("info@company.com", facts, policy).reasons == ("dmarc_missing", "role_account")
