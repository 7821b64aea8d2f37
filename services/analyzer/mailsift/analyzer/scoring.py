"""Turn findings into a verdict; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.scoring_policy import DEFAULT_POLICY, PERFECT, ScoringPolicy
from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status

SCORE_VERSION: Final = 5
"""Rises with every change to rules, points or thresholds, and is kept with every result."""

ACCEPTS_MAIL: Final = "domain_accepts_mail"
"""The subStatus of `valid` as long as no mailbox is asked."""

_RANKS: Final = {Status.VALID: 0, Status.UNKNOWN: 1, Status.RISKY: 2, Status.INVALID: 3}
"""What is proven goes before what is open: a disposable domain stays risky when its nameserver is silent."""


_SETTLED: Final = frozenset({Status.INVALID, Status.UNKNOWN})
"""What is proven, and what nobody knows, is no matter of taste: no policy weighs it otherwise."""


@dataclass(frozen=True, slots=True)
class Lead:
    """What besides the score makes a lead worth having."""

    is_corporate: bool = False
    is_role: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one address."""

    status: Status
    sub_status: str
    score: int
    lead_status: LeadStatus
    risk_level: RiskLevel
    reasons: tuple[str, ...]
    """What was found, what weighs most first."""
    breakdown: tuple[tuple[str, int], ...]
    """(reason, points) lines that sum to the score, beginning with the hundred."""


def score(findings: Iterable[Finding], lead: Lead, policy: ScoringPolicy = DEFAULT_POLICY) -> Verdict:
    """Judge an address by what was found, in whatever order it was found."""
    ranked = sorted((_weighed(finding, policy) for finding in findings), key=_weight)
    breakdown = _breakdown(ranked)
    points = sum(line for _, line in breakdown)
    worst = ranked[0] if ranked else None
    status = worst.status if worst is not None else Status.VALID
    return Verdict(
        status=status,
        sub_status=worst.reason if worst is not None and status is not Status.VALID else ACCEPTS_MAIL,
        score=points,
        lead_status=_lead_status(status, points, lead, policy),
        risk_level=_risk_level(status, points, policy),
        reasons=tuple(finding.reason for finding in ranked),
        breakdown=breakdown,
    )


def _weighed(finding: Finding, policy: ScoringPolicy) -> Finding:
    if finding.status in _SETTLED or not (policy.weights or policy.caps):
        return finding
    points, cap = dict(policy.weights), dict(policy.caps)
    return replace(finding, points=points.get(finding.reason, finding.points), cap=cap.get(finding.reason, finding.cap))


def _weight(finding: Finding) -> tuple[int, int, int, str]:
    cap = PERFECT if finding.cap is None else finding.cap
    return (-_RANKS[finding.status], cap, finding.points, finding.reason)


def _breakdown(ranked: Sequence[Finding]) -> tuple[tuple[str, int], ...]:
    lines = [("base", PERFECT), *((finding.reason, finding.points) for finding in ranked)]
    total = sum(line for _, line in lines)
    capped = [finding for finding in ranked if finding.cap is not None]
    if capped:
        lowest = min(capped, key=lambda finding: (finding.cap, finding.reason))
        if lowest.cap is not None and total > lowest.cap:
            lines.append((f"{lowest.reason}_cap", lowest.cap - total))
            total = lowest.cap
    if total < 0:
        lines.append(("floor", -total))
    return tuple(lines)


def _lead_status(status: Status, points: int, lead: Lead, policy: ScoringPolicy) -> LeadStatus:
    if status is Status.INVALID:
        return LeadStatus.INVALID
    if status is Status.UNKNOWN:
        return LeadStatus.UNKNOWN
    is_person = not (lead.is_role and policy.minds_roles)
    if points >= policy.leads.upper and lead.is_corporate and is_person:
        return LeadStatus.HIGH_QUALITY
    return LeadStatus.MEDIUM_QUALITY if points >= policy.leads.lower else LeadStatus.LOW_QUALITY


def _risk_level(status: Status, points: int, policy: ScoringPolicy) -> RiskLevel:
    if status is Status.UNKNOWN:
        return RiskLevel.UNKNOWN
    if status is Status.INVALID:
        return RiskLevel.HIGH
    if points >= policy.risks.upper:
        return RiskLevel.LOW
    return RiskLevel.MEDIUM if points >= policy.risks.lower else RiskLevel.HIGH
