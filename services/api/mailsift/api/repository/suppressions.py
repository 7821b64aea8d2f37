"""Suppressions of the workspace."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import Connection, select, text
from uuid_utils.compat import uuid7

from mailsift.api.repository.pages import newest_first
from mailsift.api.schemas import suppressions as schemas
from mailsift.shared.db import locks
from mailsift.shared.db.tables import Suppression
from mailsift.shared.suppressions import Suppressed

_ADD = text("""
    INSERT INTO suppressions ("suppressionId", "workspaceId", kind, value, reason)
    SELECT id, :workspace_id, kind, value, :reason
    FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:values AS text[])) AS new(id, kind, value)
    ON CONFLICT ("workspaceId", kind, value) DO NOTHING""")

_REMOVE = text("""
    DELETE FROM suppressions s
    USING unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS old(kind, value)
    WHERE s."workspaceId" = :workspace_id AND s.kind = old.kind AND s.value = old.value""")


def write_alone(connection: Connection, workspace_id: uuid.UUID) -> None:
    """Be the only one who writes suppressions of a workspace until the transaction ends."""
    # Two who write the same ones in different orders would lock each other out.
    locks.hold(connection, f"suppressions {workspace_id}")


def add(connection: Connection, workspace_id: uuid.UUID, values: Collection[Suppressed], reason: str | None) -> int:
    """Write those that are not there yet; returns how many."""
    ids = [str(uuid7()) for _ in values]
    parameters = {"workspace_id": workspace_id, "ids": ids, "reason": reason, **_lists(values)}
    return connection.execute(_ADD, parameters).rowcount


def remove(connection: Connection, workspace_id: uuid.UUID, values: Collection[Suppressed]) -> int:
    """Delete those that are there; returns how many."""
    return connection.execute(_REMOVE, {"workspace_id": workspace_id, **_lists(values)}).rowcount


def page(connection: Connection, listing: schemas.SuppressionListing) -> schemas.SuppressionPage:
    """Read a page of suppressions."""
    query = select(Suppression.__table__)
    if listing.kind is not None:
        query = query.where(Suppression.kind == listing.kind.value)
    rows, following = newest_first(connection, query, listing, Suppression.created_at, Suppression.suppression_id)
    shown = [schemas.Suppression.model_validate(dict(row)) for row in rows]
    return schemas.SuppressionPage(items=shown, next=following)


def _lists(values: Collection[Suppressed]) -> dict[str, list[str]]:
    return {"kinds": [each.kind.value for each in values], "values": [each.value for each in values]}
