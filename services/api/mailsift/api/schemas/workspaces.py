"""Workspaces: what they are called, what they may take, and what they took."""

from __future__ import annotations

import datetime as dt
import uuid

from pydantic import Field

from mailsift.api.schemas.base import Answer, Given, Line, Page, Time
from mailsift.api.schemas.members import PersonsAddress
from mailsift.shared.plans import Plan

_NAME = Field(min_length=1, max_length=100, examples=["Acme"])


class WorkspaceChange(Given):
    """Another name."""

    name: Line = _NAME


class WorkspaceOrder(Given):
    """A workspace as an operator wants it."""

    name: Line = _NAME
    plan: Plan
    email: PersonsAddress | None = Field(default=None, description="of the owner; only of a workspace that is new")


class Workspace(Answer):
    """A tenant."""

    workspace_id: uuid.UUID
    name: str
    plan: str
    created_at: Time


class OrderedWorkspace(Workspace):
    """A workspace as it is now, with the key of its owner if it was made now."""

    owner_id: uuid.UUID | None = None
    key: str | None = Field(default=None, description="the owner's key, shown this once")


class WorkspacePage(Page[Workspace]):
    """A page of workspaces."""


class Limits(Answer):
    """What the plan allows; null is no limit."""

    running_jobs: int | None
    jobs_per_hour: int | None
    requests_per_minute: int | None = Field(description="of one key, in each process of the API")
    upload_bytes: int | None
    upload_rows: int | None


class Usage(Answer):
    """What was taken since the month began, in UTC."""

    since: dt.datetime
    uploads: int
    bytes: int
    rows: int
    analyses: int
    exports: int
    jobs: int = Field(description="whole ones, of those that are kept")


class Stats(Answer):
    """What a workspace may take, and what it took this month."""

    plan: str
    limits: Limits
    month: Usage
