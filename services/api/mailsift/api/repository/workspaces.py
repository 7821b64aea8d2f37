"""What a workspace says of itself."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, null, update

from mailsift.shared.db.tables import Workspace


def set_scoring(connection: Connection, workspace_id: uuid.UUID, scoring: Mapping[str, Any] | None) -> None:
    """Keep what it wants weighed otherwise; None for nothing."""
    value = null() if scoring is None else dict(scoring)
    connection.execute(update(Workspace).where(Workspace.workspace_id == workspace_id).values(scoring=value))
