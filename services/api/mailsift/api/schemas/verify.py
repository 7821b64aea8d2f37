"""Some addresses at once: what is asked for, and the answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailsift.api.schemas.analyses import AnalysisOpened
from mailsift.api.schemas.base import Given, Line
from mailsift.api.schemas.results import ResultWithEvidence
from mailsift.api.schemas.scoring import PolicyShown, Scoring
from mailsift.shared.verdicts import AnalysisStatus

MOST_ADDRESSES = 100

_Address = Annotated[Line, Field(min_length=1, max_length=1000)]


class VerifyRequest(Given):
    """Verify some addresses."""

    emails: list[_Address] = Field(min_length=1, max_length=MOST_ADDRESSES, examples=[["ann@example.com"]])
    scoring: Scoring | None = Field(
        default=None, description="what is weighed otherwise this time than the workspace has it"
    )


class Verification(AnalysisOpened):
    """The addresses are being verified; with their answers if that was quick."""

    status: AnalysisStatus
    scoring: PolicyShown | None = Field(default=None, description="by which policy it judges")
    error_code: str | None = None
    error_message: str | None = None
    notices: list[str] = Field(default=[], description="what concerns all of them, such as `dns_unreachable`")
    total_emails: int
    processed_emails: int = Field(description="how many answers there are; those that are suppressed get none")
    cached_emails: int = Field(default=0, description="how many were answered from what was known, asking nobody")
    results: list[ResultWithEvidence] | None = Field(
        default=None, description="in the order of the request; `sequenceNumber` is the place in it"
    )
