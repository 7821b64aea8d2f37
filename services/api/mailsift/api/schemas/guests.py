"""Tokens for guests, as they are asked for and shown."""

from __future__ import annotations

import uuid

from pydantic import Field

from mailsift.api.schemas.base import Answer, Given, Line, Page, Time, Whole

MOST_USES = 100
LONGEST_LIFE = 30 * 24 * 3600


class GuestTokenRequest(Given):
    """A new token."""

    name: Line = Field(default="guest", min_length=1, max_length=100, description="what it is for")
    uses: Whole = Field(default=3, ge=1, le=MOST_USES, description="how many domains it has analysed")
    expires_in: Whole = Field(default=24 * 3600, ge=60, le=LONGEST_LIFE, description="seconds")


class GuestToken(Answer):
    """A guest's token, of which nobody can show more than the beginning."""

    guest_token_id: uuid.UUID
    name: str
    prefix: str
    uses: int
    uses_left: int
    created_at: Time
    expires_at: Time
    last_used_at: Time | None
    revoked_at: Time | None


class NewGuestToken(GuestToken):
    """A token that was made just now."""

    token: str | None = Field(description="the token itself, shown this once; null when the request is repeated")


class GuestTokenPage(Page[GuestToken]):
    """A page of guests' tokens."""
