"""Who belongs to a workspace."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import AfterValidator, Field

from mailsift.api.schemas.base import Answer, Described, Given, Line, Page, Time
from mailsift.shared.verdicts import MemberRole


def _address(text: str) -> str:
    # Nobody is written to: it is the name by which a person is the same in all workspaces.
    local, at, domain = text.strip().rpartition("@")
    if not (local and at and domain) or " " in text.strip():
        raise ValueError("must be an e-mail address")
    return text.strip().lower()


PersonsAddress = Annotated[
    Line, Field(min_length=3, max_length=254), AfterValidator(_address), Described(format="email")
]


class MemberRequest(Given):
    """Somebody who shall belong to the workspace."""

    email: PersonsAddress = Field(examples=["ann@example.com"])
    role: MemberRole


class MemberChange(Given):
    """Another role."""

    role: MemberRole


class Member(Answer):
    """Somebody who belongs to the workspace."""

    user_id: uuid.UUID
    email: str | None
    role: MemberRole
    created_at: Time


class MemberPage(Page[Member]):
    """A page of members."""
