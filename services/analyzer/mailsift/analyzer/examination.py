"""From an address and the facts of its domain to a verdict; pure, and what a domain says is worked out once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import product
from typing import Final

from mailsift.analyzer.address_evidence import AddressEvidence
from mailsift.analyzer.evidence import DomainEvidence, DomainFacts, Existence
from mailsift.analyzer.records.networks import reach_of
from mailsift.analyzer.reference.keyboard import keyboard_run_in
from mailsift.analyzer.reference.lists import ListKind, Lists, packaged_lists
from mailsift.analyzer.reference.mailboxes import MailboxRules, mailbox_rules, read_mailbox
from mailsift.analyzer.reference.names import in_unicode
from mailsift.analyzer.reference.popular import domain_meant
from mailsift.analyzer.reference.providers import provider_of
from mailsift.analyzer.reference.words import words_of
from mailsift.analyzer.rules import ADDRESS_RULES, DOMAIN_RULES
from mailsift.analyzer.rules.finding import Finding
from mailsift.analyzer.scoring import Lead, Verdict, score
from mailsift.shared.addresses import Address, InvalidAddress
from mailsift.shared.scoring_policy import DEFAULT_POLICY, ScoringPolicy

_LEADS: Final = {pair: Lead(*pair) for pair in product((False, True), repeat=2)}
_VERDICTS_KEPT: Final = 1_000
"""Many domains share what was found about them, and then the verdict too."""


@dataclass(frozen=True, slots=True)
class Examination:
    """One address, what was found and what follows from it."""

    evidence: AddressEvidence
    verdict: Verdict

    @property
    def suggestion(self) -> str | None:
        """The address that was probably meant."""
        address, domain = self.evidence.address, self.evidence.domain
        if domain is None or domain.suggestion is None or isinstance(address, InvalidAddress):
            return None
        return f"{address.local_part}@{domain.suggestion}"


@dataclass(frozen=True, slots=True)
class _Domain:
    """What all addresses of a domain share."""

    evidence: DomainEvidence | None = None
    findings: tuple[Finding, ...] = ()
    mailboxes: MailboxRules | None = None
    is_corporate: bool = False


_NO_DOMAIN: Final = _Domain()
"""Of an address at an IP address."""


@dataclass(frozen=True, slots=True)
class DomainExamination:
    """One domain by itself, what was found and what follows from it."""

    evidence: DomainEvidence
    findings: tuple[Finding, ...]
    verdict: Verdict


class Examiner:
    """Examines addresses; keeps what it works out of their domains for as long as it lives."""

    def __init__(
        self, facts: Mapping[str, DomainFacts], policy: ScoringPolicy = DEFAULT_POLICY, lists: Lists | None = None
    ) -> None:
        self._facts = facts
        self.lists = packaged_lists() if lists is None else lists
        self._judge = lru_cache(_VERDICTS_KEPT)(partial(score, policy=policy))
        self._domains: dict[str, _Domain] = {}

    def examine(self, address: Address | InvalidAddress) -> Examination:
        """Judge one address; a domain without facts is one that nobody could look up."""
        if isinstance(address, InvalidAddress):
            evidence = AddressEvidence(address)
            return Examination(evidence, self._judge(tuple(_address_findings(evidence)), Lead()))
        domain = _NO_DOMAIN if address.domain is None else self._domain(address.domain)
        evidence = self._gather(address, domain)
        lead = _LEADS[domain.is_corporate, evidence.role is not None]
        return Examination(evidence, self._judge((*domain.findings, *_address_findings(evidence)), lead))

    def examine_domain(self, name: str) -> DomainExamination:
        """Judge a domain as any address of it would be that has nothing special about it."""
        return self.conclude_domain(gather_domain(self._facts.get(name) or DomainFacts(name), self.lists))

    def conclude(self, evidence: AddressEvidence) -> Examination:
        """Judge an address by what was found."""
        domain = evidence.domain
        findings = () if domain is None else _domain_findings(domain)
        lead = _LEADS[domain is not None and domain.is_corporate, evidence.role is not None]
        return Examination(evidence, self._judge((*findings, *_address_findings(evidence)), lead))

    def conclude_domain(self, evidence: DomainEvidence) -> DomainExamination:
        """Judge a domain by what was found."""
        findings = _domain_findings(evidence)
        return DomainExamination(evidence, findings, self._judge(findings, Lead(evidence.is_corporate)))

    def _gather(self, address: Address, domain: _Domain) -> AddressEvidence:
        mailbox = read_mailbox(address, domain.mailboxes)
        words = words_of(mailbox.base)
        lists = self.lists
        return AddressEvidence(
            address,
            domain.evidence,
            lists.role_of(mailbox.base),
            mailbox,
            *lists.meaning_of(words),
            keyboard_run_in(mailbox.base, words),
            None if address.domain is not None else reach_of((str(address.literal),)),
        )

    def _domain(self, name: str) -> _Domain:
        known = self._domains.get(name)
        if known is None:
            evidence = gather_domain(self._facts.get(name) or DomainFacts(name), self.lists)
            known = self._domains[name] = _Domain(
                evidence, _domain_findings(evidence), mailbox_rules(name), evidence.is_corporate
            )
        return known


def without_posture(facts: DomainFacts) -> DomainFacts:
    """The same as if nobody had asked what the domain publishes about its mail."""
    unasked = DomainFacts(facts.domain)
    return replace(
        facts,
        spf=unasked.spf,
        dkim=unasked.dkim,
        dmarc=unasked.dmarc,
        mta_sts=unasked.mta_sts,
        tls_rpt=unasked.tls_rpt,
    )


def _domain_findings(evidence: DomainEvidence) -> tuple[Finding, ...]:
    return tuple(found for rule in DOMAIN_RULES if (found := rule(evidence)) is not None)


def _address_findings(evidence: AddressEvidence) -> list[Finding]:
    return [found for rule in ADDRESS_RULES if (found := rule(evidence)) is not None]


def gather_domain(facts: DomainFacts, lists: Lists) -> DomainEvidence:
    """Put what DNS said beside what the lists say."""
    listing = lists.listing_of(facts.domain)
    has_no_mx = facts.existence in (Existence.EXISTS, Existence.NXDOMAIN) and not facts.mx
    return DomainEvidence(
        facts,
        listing.kind,
        listing.hit,
        education=lists.sector_of(facts.domain, ListKind.EDUCATION),
        government=lists.sector_of(facts.domain, ListKind.GOVERNMENT),
        provider=provider_of(facts.mx),
        parking=lists.parking_of(facts),
        suggestion=domain_meant(facts.domain) if has_no_mx else None,
        unicode_name=in_unicode(facts.domain),
    )
