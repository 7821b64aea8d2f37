"""Erasures of the workspace: asked for, and how they stand."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select
from uuid_utils.compat import uuid7

from mailsift.api.principal import Principal
from mailsift.api.repository.pages import newest_first
from mailsift.api.schemas import erasures as schemas
from mailsift.api.schemas.base import Listing
from mailsift.shared.db import locks, tables
from mailsift.shared.verdicts import ErasureStatus

_ALL = 100
_NEARLY = 99


def write_alone(connection: Connection, workspace_id: uuid.UUID) -> None:
    """Be the only one who asks for erasures of a workspace until the transaction ends."""
    locks.hold(connection, f"erasures {workspace_id}")


def count_open(connection: Connection) -> int:
    """Count those of the workspace that are not completed."""
    query = select(func.count()).where(tables.Erasure.status != ErasureStatus.COMPLETED)
    return connection.execute(query).scalar_one()


def add(connection: Connection, principal: Principal, addresses: list[str]) -> uuid.UUID:
    """Write down whose data is to be erased; the dispatcher goes on with it."""
    erasure_id = uuid7()
    owned = {"workspace_id": principal.workspace_id, "user_id": principal.user_id}
    connection.execute(insert(tables.Erasure), {"erasure_id": erasure_id, **owned, "addresses": addresses})
    return erasure_id


def find(connection: Connection, erasure_id: uuid.UUID) -> schemas.Erasure | None:
    """Read one."""
    query = select(tables.Erasure.__table__).where(tables.Erasure.erasure_id == erasure_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _shown(row)


def page(connection: Connection, listing: Listing) -> schemas.ErasurePage:
    """Read a page of them."""
    query = select(tables.Erasure.__table__)
    rows, following = newest_first(connection, query, listing, tables.Erasure.created_at, tables.Erasure.erasure_id)
    return schemas.ErasurePage(items=[_shown(row) for row in rows], next=following)


def _shown(row: Mapping[Any, Any]) -> schemas.Erasure:
    completed = row["status"] == ErasureStatus.COMPLETED
    done = row["rowsSearched"] * _ALL // max(1, row["rowsExpected"])
    return schemas.Erasure(
        erasure_id=row["erasureId"],
        status=row["status"],
        progress=_ALL if completed else min(_NEARLY, done),
        searches=row["searches"],
        waiting_for=row["waitingFor"],
        erased=row["erased"],
        remaining=0 if completed else None,
        more_mailboxes=row["moreMailboxes"],
        rows_searched=row["rowsSearched"],
        files_searched=row["filesSearched"],
        created_at=row["createdAt"],
        completed_at=row["completedAt"],
    )
