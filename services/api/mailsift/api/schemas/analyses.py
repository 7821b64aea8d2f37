"""Analyses: what is asked for, and how it stands."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from pydantic import Field, RootModel

from mailsift.api.schemas.audits import Audit, DomainRequest
from mailsift.api.schemas.base import Answer, Given, Line, Page, Time
from mailsift.api.schemas.results import Evidence, Result
from mailsift.api.schemas.scoring import Judged, PolicyShown
from mailsift.shared.verdicts import AnalysisStatus, AnalysisType, LeadStatus, ListAnalysisType, RiskLevel, Status


class ListRequest(Judged):
    """Analyse a whole list."""

    analysis_type: ListAnalysisType = Field(
        description="`bulk`: syntax, whether domains take mail, lists; `advanced`: authentication and leads as well"
    )
    upload_id: uuid.UUID


class SingleRequest(Judged):
    """Analyse one address."""

    analysis_type: Literal[AnalysisType.SINGLE]
    email_address: Line = Field(min_length=1, max_length=1000)


class AnalysisRequest(
    RootModel[Annotated[ListRequest | SingleRequest | DomainRequest, Field(discriminator="analysis_type")]]
):
    """Analyse a list, an address or a domain."""


class AnalysisOptions(Given):
    """How to answer."""

    wait: bool = Field(default=True, description="0: answer at once, with 202, also for a single address")


class AnalysisOpened(Answer):
    """The analysis is asked for."""

    analysis_id: uuid.UUID
    job_id: uuid.UUID
    status_url: str
    stream_url: str


class AnalysisAccepted(AnalysisOpened):
    """The analysis is asked for; for a single address or a domain that was quick, with its result."""

    status: AnalysisStatus
    scoring: PolicyShown | None = Field(default=None, description="by which policy it judges")
    error_code: str | None = None
    error_message: str | None = None
    cached_emails: int = Field(default=0, description="1: the address was answered from what was known")
    result: Result | None = None
    evidence: Evidence | None = None
    audit: Audit | None = None


class Analysis(Answer):
    """How an analysis stands, and its counts so far."""

    analysis_id: uuid.UUID
    job_id: uuid.UUID | None
    upload_id: uuid.UUID | None
    analysis_type: AnalysisType
    email_address: str | None = Field(description="of an analysis of a single address")
    email_addresses: list[str] | None = Field(description="of an analysis of several addresses at once")
    domain: str | None = Field(description="of an analysis of a domain")
    status: AnalysisStatus
    error_code: str | None
    error_message: str | None
    notices: list[str] = Field(description="what concerns the whole run, such as `dns_unreachable`")
    total_emails: int
    processed_emails: int
    total_domains: int
    cached_domains: int = Field(description="domains of which enough was known to ask nobody")
    cached_emails: int = Field(description="addresses that were answered from what was known")
    by_status: dict[Status, int]
    by_lead_status: dict[LeadStatus, int] | None = Field(description="null of a bulk analysis, which tells none")
    by_risk_level: dict[RiskLevel, int]
    corporate_emails: int
    free_emails: int
    disposable_emails: int
    relay_emails: int
    role_based_emails: int
    scoring: PolicyShown = Field(description="by which policy it judges, settled when it was asked for")
    evidence: Evidence | None = Field(
        default=None, description="of a single address, not in lists of analyses; those of several are in their results"
    )
    audit: Audit | None = Field(default=None, description="of a domain, for 24 hours, and not in lists of analyses")
    rows_expired_at: Time | None = Field(description="since when the results are no longer kept, only their counts")
    created_at: Time
    started_at: Time | None
    completed_at: Time | None
    updated_at: Time


class AnalysisPage(Page[Analysis]):
    """A page of analyses."""
