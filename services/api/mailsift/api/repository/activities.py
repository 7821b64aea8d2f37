"""The history of a workspace, and what operators did, for reading."""

from __future__ import annotations

from sqlalchemy import Connection, select

from mailsift.api.repository.pages import newest_first
from mailsift.api.schemas import activities as schemas
from mailsift.shared.db.tables import UserActivity


def page(connection: Connection, wanted: schemas.ActivityFilter, *, of_operators: bool = False) -> schemas.ActivityPage:
    """Read a page of the history, or of what operators did in any workspace and in none."""
    query = select(UserActivity.__table__, UserActivity.operator_key_id.is_not(None).label("by_operator"))
    if of_operators:
        query = query.where(UserActivity.operator_key_id.is_not(None))
    if wanted.activity_type is not None:
        query = query.where(UserActivity.activity_type == wanted.activity_type)
    if wanted.entity_id is not None:
        query = query.where(UserActivity.entity_id == wanted.entity_id)
    rows, following = newest_first(connection, query, wanted, UserActivity.created_at, UserActivity.activity_id)
    return schemas.ActivityPage(items=[schemas.Recorded.model_validate(dict(row)) for row in rows], next=following)
