"""Suppressions: addresses and domains that are neither analysed nor exported."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from mailsift.api.schemas.base import Answer, Given, Line, Listing, Page, Time
from mailsift.shared.suppressions import Suppressed, SuppressionKind, parse_suppression

MOST_AT_ONCE = 100_000


def _read(value: object) -> Suppressed:
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004 - pydantic reports ValueError as the field's fault
    return parse_suppression(value)


def _storable(read: Suppressed) -> Suppressed:
    # A malformed address is kept as it stands, but PostgreSQL's text has no place for these.
    if "\0" in read.value or any("\ud800" <= character <= "\udfff" for character in read.value):
        raise ValueError("must not contain control characters")
    return read


Value = Annotated[
    Suppressed,
    BeforeValidator(_read),
    AfterValidator(_storable),
    WithJsonSchema({"type": "string", "format": "address-or-domain", "examples": ["ann@example.com", "example.org"]}),
]
Values = Annotated[
    list[Value],
    Field(min_length=1, max_length=MOST_AT_ONCE, description="addresses, and domains with all that is below them"),
]


class SuppressionsRequest(Given):
    """Suppress these from now on; what is suppressed already stays as it is."""

    values: Values
    reason: Line | None = Field(default=None, min_length=1, max_length=200)


class SuppressionsRemoval(Given):
    """Suppress these no longer."""

    values: Values


class SuppressionsAdded(Answer):
    """How many of the values were new."""

    added: int
    already_suppressed: int


class SuppressionsRemoved(Answer):
    """How many of the values were suppressed until now."""

    removed: int


class SuppressionListing(Listing):
    """Paging of suppressions."""

    limit: int = Field(default=50, ge=1, le=1000)
    kind: SuppressionKind | None = Field(default=None, description="only addresses, or only domains")


class Suppression(Answer):
    """What is suppressed, and why."""

    suppression_id: uuid.UUID
    kind: SuppressionKind
    value: str = Field(description="as it is compared")
    reason: str | None
    created_at: Time


class SuppressionPage(Page[Suppression]):
    """A page of suppressions."""
