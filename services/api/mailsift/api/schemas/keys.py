"""Keys of a workspace, as they are asked for and shown."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import AfterValidator, Field

from mailsift.api.permissions import Scope
from mailsift.api.schemas.base import Answer, Given, Line, Page, Time, Whole
from mailsift.shared.verdicts import KeyKind

LONGEST_LIFE = 10 * 366 * 24 * 3600
LONGEST_OVERLAP = 30 * 24 * 3600


def _distinct(scopes: list[Scope]) -> list[Scope]:
    if len(set(scopes)) < len(scopes):
        raise ValueError("names one twice")
    return scopes


class KeyRequest(Given):
    """A new key."""

    name: Line = Field(
        min_length=1, max_length=100, description="whose it is, or what for", examples=["nightly import"]
    )
    kind: KeyKind = Field(default=KeyKind.LIVE, description="`test`: it opens the sandbox, where answers are made up")
    scopes: Annotated[list[Scope], AfterValidator(_distinct)] = Field(
        default=[], max_length=len(Scope), description="what it is held to; none: all that the member may"
    )
    expires_in: Whole | None = Field(
        default=None, ge=60, le=LONGEST_LIFE, description="seconds; null: it does not expire", examples=[7_776_000]
    )
    user_id: uuid.UUID | None = Field(default=None, description="of another member; for the owner and the admins")


class KeyRotation(Given):
    """How the old key ends."""

    overlap: Whole = Field(
        default=24 * 3600,
        ge=0,
        le=LONGEST_OVERLAP,
        description="seconds for which the old key opens beside the new one",
    )


class Key(Answer):
    """A key, of which nobody can show more than the beginning."""

    key_id: uuid.UUID
    user_id: uuid.UUID
    name: str
    prefix: str = Field(description="how it begins", examples=["ms_X2fo19aQ"])
    kind: KeyKind
    scopes: list[str]
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None = Field(description="to the minute")
    revoked_at: Time | None


class NewKey(Key):
    """A key that was made just now."""

    key: str | None = Field(description="the key itself, shown this once; null when the request is repeated")


class KeyPage(Page[Key]):
    """A page of keys."""
