"""The history of a workspace."""

from __future__ import annotations

import uuid
from typing import Any

from pydantic import Field

from mailsift.api.schemas.base import Answer, Listing, Page, Time
from mailsift.shared.db.activities import Activity as ActivityType


class ActivityFilter(Listing):
    """Which activities."""

    activity_type: ActivityType | None = None
    entity_id: uuid.UUID | None = None


class Recorded(Answer):
    """Who did what with which thing."""

    activity_id: uuid.UUID
    workspace_id: uuid.UUID | None = Field(description="null of what an operator did for all of them")
    user_id: uuid.UUID | None
    by_operator: bool = Field(description="whoever runs the deployment did it")
    activity_type: str
    entity_type: str
    entity_id: uuid.UUID
    activity_details: dict[str, Any]
    created_at: Time


class ActivityPage(Page[Recorded]):
    """A page of activities."""
