"""From an address and the facts of its domain to a verdict; pure, and what a domain says is worked out once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

from mailsift.analyzer.evidence import AddressEvidence, DomainEvidence, DomainFacts, Existence
from mailsift.analyzer.reference.lists import ListKind, Lists, packaged_lists
from mailsift.analyzer.reference.popular import popular_domain_near
from mailsift.analyzer.reference.providers import provider_of
from mailsift.analyzer.rules import ADDRESS_RULES, DOMAIN_RULES
from mailsift.analyzer.rules.finding import Finding
from mailsift.analyzer.scoring import DEFAULT_POLICY, Lead, ScoringPolicy, Verdict, score
from mailsift.shared.addresses import Address, InvalidAddress

_VERDICTS_KEPT: Final = 4096
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

    evidence: DomainEvidence
    findings: tuple[Finding, ...]


class Examiner:
    """Examines the addresses of one slice; keeps what it works out for as long as it lives."""

    def __init__(
        self, facts: Mapping[str, DomainFacts], policy: ScoringPolicy = DEFAULT_POLICY, lists: Lists | None = None
    ) -> None:
        self._facts = facts
        self._lists = packaged_lists() if lists is None else lists
        self._judge = lru_cache(_VERDICTS_KEPT)(partial(score, policy=policy))
        self._domains: dict[str, _Domain] = {}

    def examine(self, address: Address | InvalidAddress) -> Examination:
        """Judge one address; a domain without facts is one that nobody could look up."""
        if isinstance(address, InvalidAddress):
            evidence = AddressEvidence(address)
            return Examination(evidence, self._judge(_address_findings(evidence), Lead()))
        domain = self._domain(address.domain)
        evidence = AddressEvidence(address, domain.evidence, self._lists.role_of(address.local_part))
        lead = Lead(domain.evidence.is_corporate, evidence.role is not None)
        return Examination(evidence, self._judge((*domain.findings, *_address_findings(evidence)), lead))

    def _domain(self, name: str) -> _Domain:
        known = self._domains.get(name)
        if known is None:
            evidence = gather_domain(self._facts.get(name) or DomainFacts(name), self._lists)
            known = self._domains[name] = _Domain(evidence, _domain_findings(evidence))
        return known


def _domain_findings(evidence: DomainEvidence) -> tuple[Finding, ...]:
    return tuple(found for rule in DOMAIN_RULES if (found := rule(evidence)) is not None)


def _address_findings(evidence: AddressEvidence) -> tuple[Finding, ...]:
    return tuple(found for rule in ADDRESS_RULES if (found := rule(evidence)) is not None)


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
        suggestion=popular_domain_near(facts.domain) if has_no_mx else None,
    )
