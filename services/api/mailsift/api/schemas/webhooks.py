"""Webhooks: who is told what, and how that went."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool, field_validator

from mailsift.api.schemas.base import Answer, Described, Given, Line, Listing, NotNull, Page, Time
from mailsift.shared.events import TEST_EVENT, DeliveryStatus, WebhookEvent
from mailsift.shared.urls import MAX_URL_LENGTH, parse_url


def _is_url(value: str) -> str:
    parse_url(value)
    return value


def _distinct(value: list[WebhookEvent]) -> list[WebhookEvent]:
    return list(dict.fromkeys(value))


Url = Annotated[
    Line,
    AfterValidator(_is_url),
    Field(
        min_length=1,
        max_length=MAX_URL_LENGTH,
        description="https, and on the public internet; redirects are not followed",
        examples=["https://hooks.example.com/mailsift"],
    ),
    Described(format="public-https-url"),
]
Events = Annotated[
    list[WebhookEvent],
    AfterValidator(_distinct),
    Field(min_length=1, max_length=20, description="what it wants to hear of", examples=[["analysis.completed"]]),
]
Description = Annotated[Line | None, Field(max_length=200, description="for people")]


class WebhookRequest(Given):
    """Tell this address what happens in the workspace."""

    url: Url
    events: Events
    description: Description = None
    enabled: StrictBool = True


class WebhookChange(Given):
    """What is to be different; the rest stays as it is."""

    url: Annotated[Url | None, NotNull()] = None
    events: Annotated[Events | None, NotNull()] = None
    description: Description = None
    enabled: Annotated[StrictBool | None, NotNull()] = Field(
        default=None, description="false fails what is on its way; true forgets that it was failing"
    )

    @field_validator("url", "events", "enabled")
    @classmethod
    def _is_something(cls, value: object) -> object:
        # Only what was sent comes here.
        if value is None:
            raise ValueError("must not be null; leave it out to leave it as it is")
        return value


class Webhook(Answer):
    """An address that is told what happens."""

    webhook_id: uuid.UUID
    user_id: uuid.UUID = Field(description="who made it")
    url: str = Field(description="whole for those who administer the workspace, as it may hold a secret; else its host")
    description: str | None
    events: list[WebhookEvent]
    enabled: bool
    disabled_reason: str | None = Field(
        description="`failing`: every try failed for days; `gone`: it answered 410; null when somebody wanted it"
    )
    failing_since: Time | None = Field(description="since when every try has failed")
    created_at: Time
    updated_at: Time


class WebhookCreated(Webhook):
    """A new one, with the secret that signs what it is told."""

    secret: str | None = Field(
        description="shown this once; null when the answer is repeated: rotate it to get another",
        json_schema_extra={"examples": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]},
    )


class WebhookSecret(Answer):
    """A new secret of a webhook."""

    secret: str | None = Field(description="shown this once; null when the answer is repeated: rotate it once more")
    previous_expires_at: Time = Field(description="until then what it is told is signed by both")


class RotationRequest(Given):
    """How the old secret is left behind."""

    overlap_hours: int = Field(
        default=24, ge=0, le=168, description="how long the old secret signs too; 0 ends it at once"
    )


class DeliverySummary(Answer):
    """One message to a webhook, and how the last try went."""

    delivery_id: uuid.UUID = Field(description="`webhook-id` of the message, the same in every try")
    event: str = Field(description=f"an event, or `{TEST_EVENT}`")
    status: DeliveryStatus
    attempts: int
    next_attempt_at: Time | None = Field(description="null when it is over or under way")
    response_status: int | None
    duration_ms: int | None
    error_code: str | None
    error_message: str | None
    created_at: Time
    attempted_at: Time | None
    completed_at: Time | None


class Delivery(DeliverySummary):
    """The same, with what was sent and what was answered."""

    response_body: str | None = Field(description="the first 1,024 bytes of it")
    payload: dict[str, Any]


class DeliveryFilter(Listing):
    """Which messages are wanted."""

    status: DeliveryStatus | None = None
    event: Line | None = Field(default=None, max_length=50)


class WebhookPage(Page[Webhook]):
    """A page of webhooks."""


class DeliveryPage(Page[DeliverySummary]):
    """A page of messages, the newest first."""
