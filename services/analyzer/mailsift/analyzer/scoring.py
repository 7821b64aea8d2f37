"""Turn findings into a verdict; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status

SCORE_VERSION: Final = 5
"""Rises with every change to rules, points or thresholds, and is kept with every result."""

PERFECT: Final = 100
ACCEPTS_MAIL: Final = "domain_accepts_mail"
"""The subStatus of `valid` as long as no mailbox is asked."""

_RANKS: Final = {Status.VALID: 0, Status.UNKNOWN: 1, Status.RISKY: 2, Status.INVALID: 3}
"""What is proven goes before what is open: a disposable domain stays risky when its nameserver is silent."""


@dataclass(frozen=True, slots=True)
class ScoringPolicy:
    """Thresholds and weights; the defaults are those of docs/scoring.md."""

    high_quality: int = 90
    medium_quality: int = 70
    low_risk: int = 80
    medium_risk: int = 50
    weights: tuple[tuple[str, int], ...] = ()
    """Other points for some reasons: (reason, points), points zero or less."""

    def __post_init__(self) -> None:
        """As with findings: nothing that is found gives points."""
        if any(points > 0 for _, points in self.weights):
            raise ValueError("weights are zero or less")

    def points(self, finding: Finding) -> int:
        """What this finding takes off."""
        return next((points for reason, points in self.weights if reason == finding.reason), finding.points)


DEFAULT_POLICY: Final = ScoringPolicy()


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
    ranked = sorted(findings, key=_weight)
    breakdown = _breakdown(ranked, policy)
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


def _weight(finding: Finding) -> tuple[int, int, int, str]:
    cap = PERFECT if finding.cap is None else finding.cap
    return (-_RANKS[finding.status], cap, finding.points, finding.reason)


def _breakdown(ranked: Sequence[Finding], policy: ScoringPolicy) -> tuple[tuple[str, int], ...]:
    lines = [("base", PERFECT), *((finding.reason, policy.points(finding)) for finding in ranked)]
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
    if points >= policy.high_quality and lead.is_corporate and not lead.is_role:
        return LeadStatus.HIGH_QUALITY
    return LeadStatus.MEDIUM_QUALITY if points >= policy.medium_quality else LeadStatus.LOW_QUALITY


def _risk_level(status: Status, points: int, policy: ScoringPolicy) -> RiskLevel:
    if status is Status.UNKNOWN:
        return RiskLevel.UNKNOWN
    if points >= policy.low_risk:
        return RiskLevel.LOW
    return RiskLevel.MEDIUM if points >= policy.medium_risk else RiskLevel.HIGH
