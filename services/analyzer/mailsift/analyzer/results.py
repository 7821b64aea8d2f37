"""The row of "advancedEmailResults" that an examination becomes, and what a slice of them adds up to; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mailsift.analyzer.evidence import DomainFacts, DomainKind
from mailsift.analyzer.examination import Examination
from mailsift.analyzer.scoring import SCORE_VERSION
from mailsift.shared.addresses import Address
from mailsift.shared.copy_text import Json
from mailsift.shared.verdicts import AnalysisType, LeadStatus, RiskLevel, Status

COLUMNS: Final = (
    "analysisId",
    "sequenceNumber",
    "emailAddress",
    "normalizedAddress",
    "canonicalAddress",
    "domain",
    "status",
    "subStatus",
    "deliverabilityScore",
    "leadStatus",
    "riskLevel",
    "isValidSyntax",
    "isCorporate",
    "isFree",
    "isDisposable",
    "isRelay",
    "isRoleBased",
    "domainExists",
    "acceptsMail",
    "mxHost",
    "provider",
    "spfPass",
    "dkimPass",
    "dmarcPass",
    "dmarcPolicy",
    "suggestion",
    "mailboxChecked",
    "reasons",
    "scoreBreakdown",
    "scoreVersion",
)

_STATUS_COUNTERS: Final = {status: f"{status.value}Emails" for status in Status}
_LEAD_COUNTERS: Final = {
    LeadStatus.HIGH_QUALITY: "highQualityLeads",
    LeadStatus.MEDIUM_QUALITY: "mediumQualityLeads",
    LeadStatus.LOW_QUALITY: "lowQualityLeads",
    LeadStatus.INVALID: "invalidLeads",
    LeadStatus.UNKNOWN: "unknownLeads",
}
_RISK_COUNTERS: Final = {
    RiskLevel.LOW: "lowRiskEmails",
    RiskLevel.MEDIUM: "mediumRiskEmails",
    RiskLevel.HIGH: "highRiskEmails",
    RiskLevel.UNKNOWN: "unknownRiskEmails",
}
_KIND_COUNTERS: Final = {
    DomainKind.FREE: "freeEmails",
    DomainKind.DISPOSABLE: "disposableEmails",
    DomainKind.RELAY: "relayEmails",
}
_HYGIENE_COUNTERS: Final = (
    "processedEmails",
    *_STATUS_COUNTERS.values(),
    *_RISK_COUNTERS.values(),
    *_KIND_COUNTERS.values(),
    "corporateEmails",
    "roleBasedEmails",
)
COUNTERS: Final[dict[AnalysisType, tuple[str, ...]]] = {
    AnalysisType.BULK: _HYGIENE_COUNTERS,
    AnalysisType.ADVANCED: (*_HYGIENE_COUNTERS, *_LEAD_COUNTERS.values()),
}
"""What the summaries of lists count besides what there is to do."""

_VERDICT: Final = " because "
"""No counter of a summary has a blank in its name."""

_NO_FACTS: Final = DomainFacts("")


@dataclass(frozen=True, slots=True)
class Purpose:
    """For which analysis results are made."""

    analysis_id: str
    tells_leads: bool = True


def result_row(
    purpose: Purpose, sequence_number: int, email_address: str, normalized: str, examination: Examination
) -> tuple[object, ...]:
    """One row, in the order of COLUMNS."""
    evidence, verdict = examination.evidence, examination.verdict
    domain = evidence.domain
    facts = domain.facts if domain is not None else _NO_FACTS
    kind = domain.kind if domain is not None else None
    return (
        purpose.analysis_id,
        sequence_number,
        email_address,
        normalized,
        canonical_if_other(examination, normalized),
        facts.domain or None,
        verdict.status,
        verdict.sub_status,
        verdict.score,
        verdict.lead_status if purpose.tells_leads else None,
        verdict.risk_level,
        isinstance(evidence.address, Address),
        domain is not None and domain.is_corporate,
        kind is DomainKind.FREE,
        kind is DomainKind.DISPOSABLE,
        kind is DomainKind.RELAY,
        evidence.role is not None,
        facts.exists if domain is not None else None,
        facts.accepts_mail,
        facts.mx_host,
        domain.provider.name if domain is not None and domain.provider is not None else None,
        facts.spf.valid,
        facts.dkim.valid,
        facts.dmarc.valid,
        facts.dmarc.policy,
        examination.suggestion,
        False,  # no mailbox is asked
        verdict.reasons,
        Json(verdict.breakdown),
        SCORE_VERSION,
    )


def canonical_if_other(examination: Examination, normalized: str) -> str | None:
    """The canonical address; None where it is the normalised one, as most are, so that no row says it twice."""
    mailbox = examination.evidence.mailbox
    return None if mailbox is None or mailbox.canonical == normalized else mailbox.canonical


def counters_of(examination: Examination) -> tuple[str, ...]:
    """The counters that a result raises, by one each: of a summary, and of its verdict."""
    evidence, verdict = examination.evidence, examination.verdict
    domain = evidence.domain
    names = [
        "processedEmails",
        _STATUS_COUNTERS[verdict.status],
        _LEAD_COUNTERS[verdict.lead_status],
        _RISK_COUNTERS[verdict.risk_level],
    ]
    if evidence.role is not None:
        names.append("roleBasedEmails")
    if domain is not None and domain.is_corporate:
        names.append("corporateEmails")
    elif domain is not None and domain.kind in _KIND_COUNTERS:
        names.append(_KIND_COUNTERS[domain.kind])
    names.append(f"{verdict.status}{_VERDICT}{verdict.sub_status}")
    return tuple(names)


class Tally:
    """Counts a slice's results under the names of the summary's columns."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, counters: Iterable[str], times: int = 1) -> None:
        """Raise some counters by so many."""
        for name in counters:
            self._counts[name] += times

    def totals(self, analysis_type: AnalysisType) -> dict[str, int]:
        """Return every counter of that type of analysis, zeros included."""
        return {name: self._counts[name] for name in COUNTERS[analysis_type]}

    def verdicts(self) -> Iterator[tuple[str, str, int]]:
        """Say how many results had which status for which reason."""
        for name, count in self._counts.items():
            status, is_verdict, sub_status = name.partition(_VERDICT)
            if is_verdict:
                yield status, sub_status, count
