"""Workspaces: what they say of themselves, and what they took."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, null, select, text, update

from mailsift.api.repository.pages import newest_first
from mailsift.api.schemas import workspaces as schemas
from mailsift.api.schemas.base import Listing
from mailsift.shared.db.tables import Workspace
from mailsift.shared.plans import Plan

_COLUMNS = (Workspace.workspace_id, Workspace.name, Workspace.plan, Workspace.created_at)
# Each is one look at an index of the workspace's rows; rows of uploads stay when what was loaded goes.
_USAGE = text("""
    SELECT since, u.*, a.*, e.*, j.*
    FROM date_trunc('month', now(), 'UTC') AS since,
    LATERAL (SELECT count(*) AS uploads, coalesce(sum("fileSize"), 0)::bigint AS bytes,
                    coalesce(sum("totalRows"), 0)::bigint AS rows
             FROM uploads WHERE "workspaceId" = :workspace_id AND "createdAt" >= since) u,
    LATERAL (SELECT count(*) AS analyses FROM analyses
             WHERE "workspaceId" = :workspace_id AND "createdAt" >= since) a,
    LATERAL (SELECT count(*) AS exports FROM exports
             WHERE "workspaceId" = :workspace_id AND "createdAt" >= since) e,
    LATERAL (SELECT count(*) AS jobs FROM "jobQueue"
             WHERE "workspaceId" = :workspace_id AND "createdAt" >= since AND "parentJobId" IS NULL) j""")


def set_scoring(connection: Connection, workspace_id: uuid.UUID, scoring: Mapping[str, Any] | None) -> None:
    """Keep what it wants weighed otherwise; None for nothing."""
    value = null() if scoring is None else dict(scoring)
    connection.execute(update(Workspace).where(Workspace.workspace_id == workspace_id).values(scoring=value))


def rename(connection: Connection, workspace_id: uuid.UUID, name: str) -> None:
    """Give it another name."""
    connection.execute(update(Workspace).where(Workspace.workspace_id == workspace_id).values(name=name))


def order(connection: Connection, workspace_id: uuid.UUID, name: str, plan: Plan) -> bool:
    """Make it if it is not there, else give it that name and plan; True when it was made."""
    wanted = {"name": name, "plan": plan.value}
    changed = connection.execute(update(Workspace).where(Workspace.workspace_id == workspace_id).values(wanted))
    if changed.rowcount:
        connection.execute(update(Workspace).where(Workspace.sandbox_of == workspace_id).values(plan=plan.value))
        return False
    connection.execute(insert(Workspace).values({"workspace_id": workspace_id, **wanted}))
    return True


def find(connection: Connection, workspace_id: uuid.UUID) -> schemas.Workspace | None:
    """Read one."""
    row = connection.execute(select(*_COLUMNS).where(Workspace.workspace_id == workspace_id)).mappings().first()
    return None if row is None else schemas.Workspace.model_validate(dict(row))


def page(connection: Connection, listing: Listing) -> schemas.WorkspacePage:
    """Read a page of those that can be seen."""
    rows, following = newest_first(connection, select(*_COLUMNS), listing, Workspace.created_at, Workspace.workspace_id)
    return schemas.WorkspacePage(items=[schemas.Workspace.model_validate(dict(row)) for row in rows], next=following)


def usage(connection: Connection, workspace_id: uuid.UUID) -> schemas.Usage:
    """Count what it took since the month began."""
    row = connection.execute(_USAGE, {"workspace_id": workspace_id}).mappings().one()
    return schemas.Usage.model_validate(dict(row))
