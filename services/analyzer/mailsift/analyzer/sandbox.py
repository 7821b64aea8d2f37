"""What a sandbox answers: evidence by the local part of an address, for which nobody is asked; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from mailsift.analyzer.address_evidence import AddressEvidence
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
from mailsift.analyzer.examination import DomainExamination, Examination, Examiner
from mailsift.analyzer.reference.mailboxes import read_mailbox
from mailsift.analyzer.result_lines import ListRow, ResultLines, SharedResult
from mailsift.shared.addresses import Address, InvalidAddress, parse

SLOW: Final = "slow"
SLOW_SECONDS: Final = 8.0
"""Longer than a request waits, so that whoever tries learns to come back."""

_HIT: Final = ListHit("sandbox", "1", "by its local part")
_HOST: Final = MailHost(10, "mx.sandbox.invalid", Reach.PUBLIC, lookup=Lookup.FOUND)
_GOOD: Final = DomainFacts(
    "",
    Existence.EXISTS,
    mx=(_HOST,),
    accepts_mail=True,
    spf=SpfPosture(valid=True, detail="valid", all_policy="fail"),
    dkim=DkimPosture(valid=True, detail="valid"),
    dmarc=DmarcPosture(valid=True, detail="valid", policy="reject"),
    lookups=Lookups(mx=Lookup.FOUND, spf=Lookup.FOUND, dmarc=Lookup.FOUND, dkim=Lookup.FOUND),
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is found about an address."""

    facts: DomainFacts = _GOOD
    kind: DomainKind = DomainKind.CORPORATE
    is_role: bool = False


def _unknown(existence: Existence, lookup: Lookup) -> Scenario:
    return Scenario(DomainFacts("", existence, lookups=Lookups(mx=lookup)))


ORDINARY: Final = Scenario()
SCENARIOS: Final[Mapping[str, Scenario]] = MappingProxyType(
    {
        "valid": ORDINARY,
        "invalid": Scenario(
            DomainFacts("", Existence.NXDOMAIN, accepts_mail=False, lookups=Lookups(mx=Lookup.NXDOMAIN))
        ),
        "no-mail": Scenario(
            DomainFacts("", Existence.EXISTS, null_mx=True, accepts_mail=False, lookups=Lookups(mx=Lookup.FOUND))
        ),
        "catch-all": Scenario(replace(_GOOD, wildcard_mx="sandbox.invalid")),
        "disposable": Scenario(kind=DomainKind.DISPOSABLE),
        "relay": Scenario(kind=DomainKind.RELAY),
        "free": Scenario(kind=DomainKind.FREE),
        "role": Scenario(is_role=True),
        "greylisted": _unknown(Existence.TIMEOUT, Lookup.TIMEOUT),
        "unknown": _unknown(Existence.SERVFAIL, Lookup.SERVFAIL),
        SLOW: ORDINARY,
    }
)
"""By the local part, less its tag; any other is answered as `valid`."""


class SandboxExaminer(Examiner):
    """Examines addresses by what their local parts ask for, and a domain by its first label."""

    def examine(self, address: Address | InvalidAddress) -> Examination:
        """Judge one address; one that is none, or is at an IP address, as anywhere."""
        if isinstance(address, InvalidAddress) or address.domain is None:
            return super().examine(address)
        mailbox = read_mailbox(address, None)
        scenario = SCENARIOS.get(mailbox.base, ORDINARY)
        role = _HIT if scenario.is_role else None
        return self.conclude(AddressEvidence(address, _evidence(scenario, address.domain), role, mailbox))

    def examine_domain(self, name: str) -> DomainExamination:
        """Judge a domain."""
        return self.conclude_domain(_evidence(SCENARIOS.get(name.partition(".")[0], ORDINARY), name))


class SandboxLines(ResultLines):
    """The lines of an analysis in a sandbox: no address stands for the others of its domain."""

    def _in_common(self, row: ListRow, examination: Examination) -> SharedResult:
        return self._put_together(row, examination)


def asks_for_patience(text: str) -> bool:
    """Whether an address is one whose answer takes its time."""
    address = parse(text)
    return isinstance(address, Address) and read_mailbox(address, None).base == SLOW


def _evidence(scenario: Scenario, name: str) -> DomainEvidence:
    hit = None if scenario.kind is DomainKind.CORPORATE else _HIT
    return DomainEvidence(replace(scenario.facts, domain=name), scenario.kind, hit, unicode_name=name)
