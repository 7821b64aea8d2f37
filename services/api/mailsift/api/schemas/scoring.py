"""Scoring: what is weighed otherwise, by whom, and what follows from it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from mailsift.api.schemas.base import Answer, Described, Given, Timed, Whole
from mailsift.shared.scoring_policy import PERFECT, WEIGHABLE, ScoringPolicy

_KNOWN = ", ".join(f"`{reason}`" for reason in sorted(WEIGHABLE))
Score = Annotated[Whole, Field(description=f"0 to {PERFECT}"), Described(minimum=0, maximum=PERFECT)]
_Reason = Annotated[str, Described(enum=sorted(WEIGHABLE))]
Weights = Annotated[
    dict[_Reason, Annotated[Whole, Described(minimum=-PERFECT, maximum=0)]],
    Field(
        description=f"points by reason, zero or less; reasons that can be weighed are {_KNOWN}",
        examples=[{"role_account": 0, "free_provider": -20}],
    ),
]
Caps = Annotated[
    dict[_Reason, Score],
    Field(description="the most that a score may be with a reason found; 100 is no cap", examples=[{"disposable": 60}]),
]


class LeadThresholds(Given):
    """The scores from which a lead is of high and of medium quality."""

    high_quality: Score = Field(alias="high-quality")
    medium_quality: Score = Field(alias="medium-quality")


class RiskThresholds(Given):
    """The scores from which the risk is low and medium."""

    low: Score
    medium: Score


class Scoring(Given):
    """What is to be weighed otherwise; what is left out stays as it is."""

    weights: Weights | None = None
    caps: Caps | None = None
    lead_status: LeadThresholds | None = None
    risk_level: RiskThresholds | None = None

    def said(self) -> dict[str, Any]:
        """Write it as a policy is read."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Judged(Timed):
    """The base of what is judged."""

    scoring: Scoring | None = Field(
        default=None, description="what is weighed otherwise this time than the workspace has it"
    )


class PolicyShown(Answer):
    """A policy, whole, and what tells it apart."""

    weights: Weights
    caps: Caps
    lead_status: dict[str, int] = Field(description="the score from which on each word is given")
    risk_level: dict[str, int] = Field(description="the score from which on each word is given")
    fingerprint: str = Field(description="the same for the same policy, whoever says it")

    @classmethod
    def of(cls, policy: ScoringPolicy) -> PolicyShown:
        """Show a policy."""
        return cls.model_validate({**policy.to_json(), "fingerprint": policy.fingerprint})


class WorkspaceScoring(Answer):
    """What the workspace says itself, and by which policy its addresses are judged when a request says nothing."""

    own: dict[str, Any] | None = Field(description="as it was put; null when the workspace has said nothing")
    effective: PolicyShown
