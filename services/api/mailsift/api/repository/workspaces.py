"""The caller's workspace."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, select

from mailsift.shared.db.tables import Workspace


def plan_of(connection: Connection, workspace_id: uuid.UUID) -> str:
    """Read the plan of a workspace."""
    return connection.execute(select(Workspace.plan).where(Workspace.workspace_id == workspace_id)).scalar_one()
