"""Outcomes: what became of mail, and what that says of the scores."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from mailsift.api.schemas.base import Answer, Described, Given, Line
from mailsift.shared.suppressions import address_key
from mailsift.shared.verdicts import LeadStatus

MOST_AT_ONCE = 100_000


def _key(value: str) -> str:
    if "@" not in value:
        raise ValueError("no address: there is no at-sign")
    return address_key(value)


Key = Annotated[
    Line,
    Field(min_length=1, max_length=1000, examples=["ann@example.com"]),
    AfterValidator(_key),
    Described(pattern="@"),
]


_SOME_DELIVERED: JsonDict = {"required": ["delivered"], "properties": {"delivered": {"minItems": 1}}}
_SOME_BOUNCED: JsonDict = {"required": ["bounced"], "properties": {"bounced": {"minItems": 1}}}


class OutcomesRequest(Given):
    """What became of mail to these addresses; one that is in both lists has bounced."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_SOME_DELIVERED, _SOME_BOUNCED]})

    delivered: list[Key] = Field(default=[], max_length=MOST_AT_ONCE, description="addresses that took mail")
    bounced: list[Key] = Field(
        default=[], max_length=MOST_AT_ONCE, description="addresses from which mail came back for good"
    )

    @model_validator(mode="after")
    def _some_and_not_too_many(self) -> OutcomesRequest:
        if not 1 <= len(self.delivered) + len(self.bounced) <= MOST_AT_ONCE:
            raise ValueError(f"name 1 to {MOST_AT_ONCE:,} addresses, in delivered and bounced together")
        return self


class OutcomesRecorded(Answer):
    """How many addresses were new; of the others the outcome is the one of now."""

    added: int
    updated: int


class OutcomesForgotten(Answer):
    """How many outcomes were forgotten."""

    removed: int


class RateInterval(Answer):
    """Where the true rate lies, with 95 % certainty (Wilson's score interval)."""

    low: float
    high: float


class BounceRate(Answer):
    """What became of some addresses; the rate and its interval are null where there are none."""

    delivered: int
    bounced: int
    bounce_rate: float | None = Field(description="from 0 to 1")
    interval: RateInterval | None


class ScoreBand(BounceRate):
    """Of the addresses with these scores."""

    from_score: int
    to_score: int


class LeadBand(BounceRate):
    """Of the addresses with this lead status."""

    lead_status: LeadStatus


class Calibration(Answer):
    """What became of addresses, by the latest verdict on each."""

    outcomes: int = Field(description="addresses of which the outcome is known")
    matched: int = Field(description="how many of them were ever judged; only these are counted below")
    complete: bool = Field(description="false when there was time to look for some among the newest results only")
    total: BounceRate
    by_score: list[ScoreBand]
    by_lead_status: list[LeadBand] = Field(description="without the addresses whose latest analysis was a bulk one")
