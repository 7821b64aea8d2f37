"""The answer for one address, and the filters on a list of them."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from pydantic import Field, field_validator

from mailsift.api.schemas.base import Answer, Line, Numbered, Page, Scored
from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status

Evidence = Annotated[
    dict[str, Any],
    Field(
        description="all that the verdict stands on: the address, its domain's facts, the entries of lists that name it"
    ),
]


class ScoreLine(Answer):
    """One finding and what it did to the score."""

    reason: str
    points: int


class Result(Answer):
    """The verdict on one address and the evidence it stands on; null is `cannot be told`."""

    analysis_id: uuid.UUID
    sequence_number: int
    email_address: str
    normalized_address: str
    canonical_address: str = Field(
        description="the same for all addresses that the provider documents to be one mailbox; else the normalised one"
    )
    domain: str | None
    status: Status
    sub_status: str
    deliverability_score: int
    lead_status: LeadStatus | None = Field(description="null in a bulk analysis, which tells none")
    risk_level: RiskLevel
    is_valid_syntax: bool
    is_corporate: bool
    is_free: bool
    is_disposable: bool
    is_relay: bool
    is_role_based: bool
    domain_exists: bool | None
    accepts_mail: bool | None
    mx_host: str | None
    provider: str | None = Field(description="who runs the mail host, where that is known")
    spf_pass: bool | None
    dkim_pass: bool | None
    dmarc_pass: bool | None
    dmarc_policy: str | None
    suggestion: str | None
    mailbox_checked: bool
    reasons: list[str]
    score_breakdown: list[ScoreLine] = Field(description="sums to the score")
    score_version: int

    @field_validator("score_breakdown", mode="before")
    @classmethod
    def _name_the_parts(cls, value: object) -> object:
        # Stored as pairs: ten million rows need no keys.
        return [_score_line(line) for line in value] if isinstance(value, list) else value


class ResultWithEvidence(Result):
    """The verdict on one address, and why: what was found is in the evidence, what follows from it in the reasons."""

    evidence: Evidence | None = Field(
        default=None, description="of addresses that were asked about by themselves; of those of a list null"
    )


def _score_line(line: Any) -> Any:
    return ScoreLine(reason=line[0], points=line[1]) if isinstance(line, list) else line


class ResultFilter(Numbered, Scored):
    """Which results; all conditions have to hold."""

    status: Status | None = None
    sub_status: Line | None = Field(default=None, max_length=100)
    lead_status: LeadStatus | None = None
    risk_level: RiskLevel | None = None
    domain: Line | None = Field(default=None, max_length=253)
    text: Line | None = Field(default=None, min_length=1, max_length=320, description="how the address begins")


class ResultPage(Page[ResultWithEvidence]):
    """A page of results."""
