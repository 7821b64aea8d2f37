"""Every rule: the evidence it looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain_facts import HEALTHY, public
from mailsift.analyzer.address_evidence import AddressEvidence, Mailbox, MailboxFault, MailboxProvider
from mailsift.analyzer.evidence import (
    DkimPosture,
    DmarcPosture,
    DomainEvidence,
    DomainFacts,
    DomainKind,
    Existence,
    ListHit,
    Lookup,
    Lookups,
    MailHost,
    Reach,
    SpfPosture,
)
from mailsift.analyzer.rules import (
    ADDRESS_RULES,
    DOMAIN_RULES,
    authentication,
    domain,
    lists,
    local_parts,
    mailboxes,
    roles,
    suggestion,
    syntax,
)
from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.addresses import Address, InvalidAddress, SyntaxFault
from mailsift.shared.verdicts import Status

NOWHERE = replace(HEALTHY, mx=(), accepts_mail=False)
OPEN = replace(HEALTHY, mx=(), accepts_mail=None)

OWN = replace(HEALTHY, mx=(), own_host=public(0, "company.com"))


def _at(*reaches: Reach, accepts_mail: bool | None = True, lookup: Lookup = Lookup.FOUND) -> DomainFacts:
    hosts = tuple(MailHost(10, f"{reach}.company.com", reach, lookup=lookup) for reach in reaches)
    return replace(HEALTHY, mx=hosts, accepts_mail=accepts_mail)


DOMAIN_CASES: tuple[tuple[Callable[[DomainEvidence], Finding | None], DomainFacts, str | None], ...] = (
    (domain.not_found, HEALTHY, None),
    (domain.not_found, replace(NOWHERE, existence=Existence.NXDOMAIN), "domain_not_found"),
    (domain.not_found, replace(OPEN, existence=Existence.SERVFAIL), None),
    (domain.null_mx, HEALTHY, None),
    (domain.null_mx, replace(NOWHERE, null_mx=True), "null_mx"),
    (domain.no_mail_host, HEALTHY, None),
    (domain.no_mail_host, NOWHERE, "no_mail_host"),
    (domain.no_mail_host, replace(NOWHERE, null_mx=True), None),
    (domain.no_mail_host, replace(NOWHERE, existence=Existence.NXDOMAIN), None),
    (domain.no_mail_host, OPEN, None),
    (domain.implicit_mx, HEALTHY, None),
    (domain.no_mail_host, _at(Reach.NO_ADDRESS, accepts_mail=False), None),
    (domain.implicit_mx, OWN, "implicit_mx"),
    (domain.implicit_mx, replace(OWN, accepts_mail=False), None),
    (domain.mx_unresolvable, HEALTHY, None),
    (domain.mx_unresolvable, NOWHERE, None),
    (domain.mx_unresolvable, _at(Reach.NO_ADDRESS, accepts_mail=False), "mx_unresolvable"),
    (domain.mx_unresolvable, _at(Reach.NO_ADDRESS, Reach.NOWHERE, accepts_mail=False), None),
    (domain.mx_unresolvable, _at(Reach.NO_ADDRESS, Reach.UNKNOWN, accepts_mail=None), None),
    (domain.mx_nowhere, HEALTHY, None),
    (domain.mx_nowhere, _at(Reach.NO_ADDRESS, Reach.NOWHERE, accepts_mail=False), "mx_nowhere"),
    (domain.mx_nowhere, _at(Reach.PUBLIC, Reach.NOWHERE), None),
    (domain.mx_nowhere, replace(_at(Reach.NOWHERE, accepts_mail=False), mx=()), None),
    (domain.mx_private, HEALTHY, None),
    (domain.mx_private, _at(Reach.PRIVATE, Reach.NO_ADDRESS), "mx_private"),
    (domain.mx_private, _at(Reach.PRIVATE, Reach.PUBLIC), None),
    (domain.mx_private, _at(Reach.PRIVATE, Reach.UNKNOWN), None),
    (domain.mx_private, replace(OWN, own_host=MailHost(0, "company.com", Reach.PRIVATE)), "mx_private"),
    (domain.mx_literal, HEALTHY, None),
    (domain.mx_literal, _at(Reach.LITERAL), "mx_literal"),
    (domain.mx_literal, _at(Reach.LITERAL, Reach.PUBLIC), None),
    (domain.mx_literal, _at(Reach.LITERAL, Reach.PRIVATE), None),
    (domain.mx_literal, _at(Reach.LITERAL, Reach.UNKNOWN), None),
    (domain.wildcard_mx, HEALTHY, None),
    (domain.wildcard_mx, replace(HEALTHY, wildcard_mx="company.com"), None),
    (domain.wildcard_mx, replace(HEALTHY, wildcard_mx="com"), "wildcard_mx"),
    (domain.mx_alias, HEALTHY, None),
    (domain.mx_alias, replace(HEALTHY, mx=(replace(HEALTHY.mx[0], is_alias=True),)), "mx_alias"),
    (domain.unanswered, HEALTHY, None),
    (domain.unanswered, NOWHERE, None),
    (domain.unanswered, DomainFacts("company.com"), "dns_unreachable"),
    (domain.unanswered, replace(OPEN, existence=Existence.UNREACHABLE), "dns_unreachable"),
    (domain.unanswered, replace(OPEN, existence=Existence.TIMEOUT), "dns_timeout"),
    (domain.unanswered, replace(OPEN, existence=Existence.SERVFAIL), "dns_servfail"),
    (domain.unanswered, replace(OPEN, existence=Existence.REFUSED), "dns_refused"),
    (domain.unanswered, replace(OPEN, existence=Existence.LAME), "dns_lame"),
    (domain.unanswered, _at(Reach.UNKNOWN, accepts_mail=None, lookup=Lookup.TIMEOUT), "dns_timeout"),
    (domain.unanswered, _at(Reach.UNKNOWN, accepts_mail=None, lookup=Lookup.NOT_ASKED), "dns_unreachable"),
    (domain.unanswered, replace(OPEN, lookups=Lookups(Lookup.NODATA, Lookup.TIMEOUT)), "dns_timeout"),
    (domain.unanswered, replace(OPEN, lookups=Lookups(Lookup.NODATA, Lookup.SERVFAIL)), "dns_servfail"),
    (domain.unanswered, replace(OPEN, lookups=Lookups(Lookup.NODATA)), "dns_unreachable"),
    (authentication.spf, HEALTHY, None),
    (authentication.spf, replace(HEALTHY, spf=SpfPosture()), None),
    (authentication.spf, replace(HEALTHY, spf=SpfPosture(False, "none")), "spf_missing"),
    (authentication.spf, replace(HEALTHY, spf=SpfPosture(False, "several")), "spf_broken"),
    (authentication.spf, replace(HEALTHY, spf=SpfPosture(False, "syntax")), "spf_broken"),
    (authentication.spf, replace(HEALTHY, spf=SpfPosture(False, "too_many_lookups")), "spf_broken"),
    (authentication.spf_allows_anyone, HEALTHY, None),
    (authentication.spf_allows_anyone, replace(HEALTHY, spf=SpfPosture(True, "valid", "pass")), "spf_allows_anyone"),
    (authentication.dkim, HEALTHY, None),
    (authentication.dkim, replace(HEALTHY, dkim=DkimPosture(None, "unknown_selector")), None),
    (authentication.dkim, replace(HEALTHY, dkim=DkimPosture(False, "broken", "s1")), "dkim_broken"),
    (authentication.dkim, replace(HEALTHY, dkim=DkimPosture(False, "short", "s1")), "dkim_broken"),
    (authentication.dkim_weak, HEALTHY, None),
    (authentication.dkim_weak, replace(HEALTHY, dkim=replace(HEALTHY.dkim, key_bits=1024)), "dkim_weak"),
    (authentication.dkim_weak, replace(HEALTHY, dkim=replace(HEALTHY.dkim, key_type="ed25519", key_bits=256)), None),
    (authentication.dkim_weak, replace(HEALTHY, dkim=replace(HEALTHY.dkim, key_bits=None)), None),
    (authentication.dkim_weak, replace(HEALTHY, dkim=DkimPosture(None, "revoked")), None),
    (authentication.dmarc, HEALTHY, None),
    (authentication.dmarc, replace(HEALTHY, dmarc=DmarcPosture(None, "timeout")), None),
    (authentication.dmarc, replace(HEALTHY, dmarc=DmarcPosture(False, "none")), "dmarc_missing"),
    (authentication.dmarc, replace(HEALTHY, dmarc=DmarcPosture(False, "several")), "dmarc_broken"),
    (authentication.dmarc, replace(HEALTHY, dmarc=DmarcPosture(False, "no_policy")), "dmarc_broken"),
)


def _reason(finding: Finding | None) -> str | None:
    return None if finding is None else finding.reason


@pytest.mark.parametrize(("rule", "facts", "reason"), DOMAIN_CASES)
def test_a_rule_on_domain_facts(
    rule: Callable[[DomainEvidence], Finding | None], facts: DomainFacts, reason: str | None
) -> None:
    assert _reason(rule(DomainEvidence(facts))) == reason


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (DomainKind.CORPORATE, None),
        (DomainKind.FREE, "free_provider"),
        (DomainKind.ISP, "access_provider"),
        (DomainKind.RELAY, "privacy_relay"),
        (DomainKind.DISPOSABLE, "disposable"),
    ],
)
def test_a_listed_domain(kind: DomainKind, reason: str | None) -> None:
    assert _reason(lists.listed(DomainEvidence(HEALTHY, kind))) == reason


def test_sectors_are_named_and_stay_corporate() -> None:
    hit = ListHit("education", "1", "edu")
    assert _reason(lists.education(DomainEvidence(HEALTHY))) is None
    assert _reason(lists.education(DomainEvidence(HEALTHY, education=hit))) == "education"
    assert _reason(lists.government(DomainEvidence(HEALTHY))) is None
    assert _reason(lists.government(DomainEvidence(HEALTHY, government=hit))) == "government"
    assert DomainEvidence(HEALTHY, education=hit, government=hit).is_corporate


@pytest.mark.parametrize(("parking", "reason"), [(None, None), (ListHit("parking", "1", "bodis.com"), "parked")])
def test_a_parked_domain(parking: ListHit | None, reason: str | None) -> None:
    evidence = DomainEvidence(HEALTHY, parking=parking)
    assert _reason(domain.parked(evidence)) == reason
    assert evidence.is_corporate is (parking is None)


@pytest.mark.parametrize(("suggested", "reason"), [(None, None), ("gmail.com", "probable_typo")])
def test_a_suggested_domain(suggested: str | None, reason: str | None) -> None:
    assert _reason(suggestion.probable_typo(DomainEvidence(HEALTHY, suggestion=suggested))) == reason


ADDRESS = Address("john", "company.com", "john@company.com")


HIT = ListHit("a list", "1", "an entry")
QQ = MailboxProvider("qq", "1", numbers_are_usual=True)
PLAIN = AddressEvidence(ADDRESS, DomainEvidence(HEALTHY), mailbox=Mailbox("john", None, "john@company.com"))


def _called(base: str, tag: str | None = None, provider: MailboxProvider | None = None) -> AddressEvidence:
    return replace(PLAIN, mailbox=Mailbox(base, tag, f"{base}@company.com", provider))


ADDRESS_CASES: tuple[tuple[Callable[[AddressEvidence], Finding | None], AddressEvidence, str | None], ...] = (
    (roles.role_account, PLAIN, None),
    (roles.role_account, replace(PLAIN, role=HIT), "role_account"),
    (syntax.refused, PLAIN, None),
    (syntax.quoted_local_part, PLAIN, None),
    (syntax.quoted_local_part, AddressEvidence(InvalidAddress("syntax_empty", "")), None),
    (syntax.quoted_local_part, replace(PLAIN, address=Address('"a b"', "x.com", '"a b"@x.com')), "quoted_local_part"),
    (syntax.address_literal, PLAIN, None),
    (syntax.address_literal, replace(PLAIN, literal=Reach.PUBLIC), "address_literal"),
    (syntax.address_literal, replace(PLAIN, literal=Reach.PRIVATE), "address_literal"),
    (syntax.address_literal, replace(PLAIN, literal=Reach.NOWHERE), "address_literal_nowhere"),
    (syntax.smtputf8_needed, PLAIN, None),
    (syntax.smtputf8_needed, AddressEvidence(InvalidAddress("syntax_empty", "")), None),
    (syntax.smtputf8_needed, replace(PLAIN, address=Address("jürgen", "x.com", "jürgen@x.com")), "smtputf8_needed"),
    (local_parts.no_reply, PLAIN, None),
    (local_parts.no_reply, replace(PLAIN, no_reply=HIT), "no_reply"),
    (local_parts.test_address, PLAIN, None),
    (local_parts.test_address, replace(PLAIN, test=HIT), "test_address"),
    (local_parts.keyboard_run, PLAIN, None),
    (local_parts.keyboard_run, replace(PLAIN, keyboard_run="asdf"), "keyboard_run"),
    (local_parts.one_letter, PLAIN, None),
    (local_parts.one_letter, _called("j"), "one_letter"),
    (local_parts.one_letter, _called("7", "news"), "one_letter"),
    (local_parts.one_letter, _called("王"), None),
    (local_parts.one_letter, AddressEvidence(InvalidAddress("syntax_empty", "")), None),
    (local_parts.all_digits, PLAIN, None),
    (local_parts.all_digits, _called("4915112345678"), "all_digits"),
    (local_parts.all_digits, _called("john1"), None),
    (local_parts.all_digits, _called("10001", provider=QQ), None),
    (local_parts.all_digits, _called("john", provider=QQ), None),
    (local_parts.all_digits, replace(_called("10001"), domain=DomainEvidence(HEALTHY, education=HIT)), None),
    (local_parts.all_digits, replace(_called("10001"), domain=None), "all_digits"),
    (local_parts.all_digits, AddressEvidence(InvalidAddress("syntax_empty", "")), None),
    (local_parts.subaddress, PLAIN, None),
    (local_parts.subaddress, _called("john", "news"), "subaddress"),
    (local_parts.subaddress, _called("john", ""), "subaddress"),
    (mailboxes.provider_local_part, PLAIN, None),
    (
        mailboxes.provider_local_part,
        replace(PLAIN, mailbox=Mailbox("jo", None, "", fault=MailboxFault.TOO_SHORT)),
        "provider_local_part",
    ),
    (mailboxes.provider_local_part, AddressEvidence(InvalidAddress("syntax_empty", "")), None),
)


@pytest.mark.parametrize(("rule", "evidence", "reason"), ADDRESS_CASES)
def test_a_rule_on_an_address(
    rule: Callable[[AddressEvidence], Finding | None], evidence: AddressEvidence, reason: str | None
) -> None:
    assert _reason(rule(evidence)) == reason


@pytest.mark.parametrize("fault", SyntaxFault)
def test_every_syntax_fault_is_invalid(fault: SyntaxFault) -> None:
    found = syntax.refused(AddressEvidence(InvalidAddress(fault, "why")))
    assert found == Finding(fault.value, cap=0, status=Status.INVALID)


def test_a_fault_of_a_later_version_is_invalid_too() -> None:
    found = syntax.refused(AddressEvidence(InvalidAddress("syntax_of_tomorrow", "")))
    assert found == Finding("syntax_of_tomorrow", cap=0, status=Status.INVALID)


def test_every_rule_has_its_cases_here() -> None:
    elsewhere = {*lists.RULES, suggestion.probable_typo, domain.parked}
    assert {rule for rule, _, _ in DOMAIN_CASES} | elsewhere == set(DOMAIN_RULES)
    assert {rule for rule, _, _ in ADDRESS_CASES} == set(ADDRESS_RULES)


def test_a_finding_never_gives_points() -> None:
    with pytest.raises(ValueError, match="gives none"):
        Finding("good_news", points=1)
