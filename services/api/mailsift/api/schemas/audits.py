"""Analyses of one domain: what is asked for, how far it is, and what came of it."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from mailsift.api.schemas.base import Answer, Described, Given, Time
from mailsift.api.schemas.results import ScoreLine
from mailsift.api.schemas.scoring import Judged
from mailsift.api.schemas.watched_jobs import WatchedStatus
from mailsift.shared.domains import MAX_TEXT_LENGTH, domain_of_url, parse_domain
from mailsift.shared.verdicts import AnalysisType, DomainStep, RiskLevel, Severity, Status

_Domain = Annotated[str, Field(max_length=MAX_TEXT_LENGTH), AfterValidator(parse_domain), Described(format="domain")]
_Url = Annotated[
    str, Field(max_length=MAX_TEXT_LENGTH), AfterValidator(domain_of_url), Described(format="address-of-a-page")
]


def _named_by(field: str) -> JsonDict:
    return {"required": [field], "properties": {field: {"type": "string"}}}


class Named(Given):
    """A domain, by itself or as that of a URL."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [_named_by("domain"), _named_by("url")]})

    domain: _Domain | None = Field(default=None, examples=["example.com"])
    url: _Url | None = Field(
        default=None,
        description="read for its domain, without `www.`; nothing is fetched",
        examples=["https://www.example.com/shop"],
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Named:
        if (self.domain is None) == (self.url is None):
            raise ValueError("name a domain or a url, one of both")
        return self

    @property
    def name(self) -> str:
        """The domain that is meant."""
        return self.domain or self.url or ""


class DomainRequest(Named, Judged):
    """Analyse one domain by itself."""

    analysis_type: Literal[AnalysisType.DOMAIN]


class AnalyzeRequest(Named):
    """Analyse one domain by itself, in the shape of listing analysis jobs."""


class AnalyzeAccepted(Answer):
    """A job works on it."""

    job_id: uuid.UUID
    estimated_time: int = Field(
        description="seconds: 1 for what is known, else what it took the last time, or others lately"
    )
    poll_url: str


class Step(Answer):
    """One step of an analysis."""

    code: DomainStep
    text: str = Field(description="in the language of the request")
    duration_ms: int


class Recommendation(Answer):
    """What might be better about the domain."""

    code: str
    severity: Severity
    about: str | None = Field(description="the record, host or domain that it is about")
    text: str = Field(description="in the language of the request")


class Audit(Answer):
    """What came of the analysis of a domain."""

    analysis_id: uuid.UUID
    domain: str
    status: Status
    sub_status: str
    deliverability_score: int
    risk_level: RiskLevel
    reasons: list[str]
    score_breakdown: list[ScoreLine] = Field(description="sums to the score")
    score_version: int
    is_real_data: bool = Field(description="false when no nameserver said anything: all of it is a guess then")
    data_source: Literal["live", "cache"]
    found: dict[str, Any] = Field(description="the domain's facts, and the entries of lists that name it")
    recommendations: list[Recommendation] = Field(description="what matters most first")
    steps: list[Step]
    total_duration_ms: int
    expires_at: Time = Field(description="until then it is shown")


class AnalyzeStatus(Answer):
    """How a job stands, in the shape of listing analysis jobs."""

    status: WatchedStatus
    progress: int
    current_step: str | None = Field(description="a code: of a domain's analysis one of those of its steps")
    message: str = Field(description="the step or the state in words, in the language of the request")
    results: Audit | None = Field(description="of an analysis of a domain that has completed")
    error: str | None
    error_code: str | None
