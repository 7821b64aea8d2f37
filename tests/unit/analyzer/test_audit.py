"""What is recommended to whoever runs a domain."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from domain_facts import ANY_FACTS, HEALTHY, public
from mailsift.analyzer.audit import RECOMMENDED, SEVERITIES, audit
from mailsift.analyzer.evidence import (
    DkimPosture,
    DmarcPosture,
    DomainFacts,
    Existence,
    Lookup,
    Lookups,
    MailHost,
    Reach,
    SpfPosture,
    TransportPosture,
)
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.rules import authentication, domain, lists, suggestion
from mailsift.analyzer.rules.finding import Finding
from mailsift.api.wording.languages import Language
from mailsift.api.wording.recommendations import RECOMMENDATIONS
from mailsift.shared.verdicts import Severity

WELL = replace(HEALTHY, dmarc=replace(HEALTHY.dmarc, reports_to=("mailto:dmarc@company.com",)))
NOTHING_TO_MEND = {"privacy_relay", "free_provider", "access_provider", "education", "government"}


def _dmarc(**change: object) -> DomainFacts:
    return replace(WELL, dmarc=replace(WELL.dmarc, **change))  # type: ignore[arg-type] # fields of it


def _recommended(facts: DomainFacts) -> list[tuple[str, str | None]]:
    examination = Examiner({facts.domain: facts}).examine_domain(facts.domain)
    return [(each.code, each.about) for each in audit(examination)]


@pytest.mark.parametrize(
    ("facts", "recommended"),
    [
        (WELL, []),
        (DomainFacts("company.com", Existence.NXDOMAIN, accepts_mail=False), [("domain_not_found", None)]),
        (DomainFacts("company.com", Existence.TIMEOUT), [("dns_timeout", None)]),
        (replace(WELL, mx=(), accepts_mail=False, null_mx=True), [("null_mx", None)]),
        (
            replace(
                WELL, mx=(MailHost(1, "in.company.com", Reach.PRIVATE), MailHost(2, "b.company.com", Reach.PRIVATE))
            ),
            [("mx_private", "in.company.com")],
        ),
        (replace(WELL, mx=(public(1, "mx.company.com"),)), [("single_mail_host", "mx.company.com")]),
        (replace(WELL, mx=(public(1, "aspmx.l.google.com"),)), []),
        (replace(WELL, spf=SpfPosture(valid=False, detail="none")), [("spf_missing", None)]),
        (
            replace(WELL, spf=SpfPosture(valid=False, detail="syntax", at="_spf.company.com")),
            [("spf_broken", "_spf.company.com")],
        ),
        (replace(WELL, spf=SpfPosture(valid=False, detail="several")), [("spf_broken", "company.com")]),
        (replace(WELL, spf=replace(WELL.spf, all_policy="pass")), [("spf_allows_anyone", None)]),
        (replace(WELL, spf=replace(WELL.spf, all_policy=None)), [("spf_open_end", None)]),
        (replace(WELL, spf=replace(WELL.spf, lookups=9)), [("spf_near_limit", "9")]),
        (replace(WELL, dkim=DkimPosture(detail="unknown_selector", keys_exist=False)), [("dkim_missing", None)]),
        (replace(WELL, dkim=DkimPosture(detail="unknown_selector", keys_exist=True)), []),
        (replace(WELL, dkim=replace(WELL.dkim, key_bits=1024)), [("dkim_weak", "google")]),
        (replace(WELL, dmarc=DmarcPosture(valid=False, detail="none")), [("dmarc_missing", None)]),
        (_dmarc(policy="none"), [("dmarc_policy_none", "company.com")]),
        (_dmarc(is_test=True), [("dmarc_test_mode", "company.com")]),
        (_dmarc(reports_to=()), [("dmarc_no_reports", "company.com")]),
        (replace(WELL, mta_sts=TransportPosture(valid=False, detail="none")), [("mta_sts_missing", None)]),
        (replace(WELL, mta_sts=TransportPosture(valid=False, detail="several")), [("mta_sts_broken", None)]),
        (replace(WELL, tls_rpt=TransportPosture(valid=False, detail="none")), [("tls_rpt_missing", None)]),
        (replace(WELL, tls_rpt=TransportPosture(valid=False, detail="syntax")), [("tls_rpt_broken", None)]),
    ],
)
def test_what_is_recommended_follows_from_what_was_found(
    facts: DomainFacts, recommended: list[tuple[str, str | None]]
) -> None:
    assert _recommended(facts) == recommended


def test_what_matters_most_comes_first() -> None:
    facts = replace(WELL, spf=replace(WELL.spf, all_policy="pass", lookups=9), dmarc=DmarcPosture(False, "none"))
    examination = Examiner({facts.domain: facts}).examine_domain(facts.domain)
    assert [each.severity for each in audit(examination)] == [Severity.CRITICAL, Severity.WARNING, Severity.ADVICE]


@given(ANY_FACTS)
def test_whatever_is_found_there_are_words_for_what_follows(facts: DomainFacts) -> None:
    for code, about in _recommended(facts):
        for language in Language:
            text = RECOMMENDATIONS[code].say(language, about)
            assert "{" not in text.replace(about or "", "")


def test_every_recommendation_has_words_and_no_words_are_left_over() -> None:
    assert RECOMMENDATIONS.keys() == RECOMMENDED.keys()
    for words in RECOMMENDATIONS.values():
        assert words.en != words.de
        assert ("{about}" in words.en) == ("{about}" in words.de)


def test_every_recommendation_stands_on_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text("utf-8")
    told = re.findall(r"^\| `(\w+)` \| (critical|warning|advice) \| (.+) \|$", page, re.MULTILINE)
    assert told == [(code, RECOMMENDED[code].value, words.en) for code, words in RECOMMENDATIONS.items()]


def test_every_finding_about_a_domain_is_recommended_or_left_out_on_purpose() -> None:
    families = (authentication, domain, lists, suggestion)
    found = {each.reason for family in families for each in vars(family).values() if isinstance(each, Finding)}
    assert found - SEVERITIES.keys() == NOTHING_TO_MEND
    assert SEVERITIES.keys() <= found


def test_a_guess_is_told_from_an_answer() -> None:
    assert HEALTHY.was_answered
    assert DomainFacts("company.com", Existence.NXDOMAIN, lookups=Lookups(mx=Lookup.NXDOMAIN)).was_answered
    assert not DomainFacts("company.com", Existence.TIMEOUT, lookups=Lookups(mx=Lookup.TIMEOUT)).was_answered
    assert not DomainFacts("company.com").was_answered
