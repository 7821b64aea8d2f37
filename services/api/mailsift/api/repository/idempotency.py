"""The answers that repeated requests get again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from mailsift.shared.db import locks
from mailsift.shared.db.tables import IdempotencyKey


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a key was used for, and what was answered."""

    request_hash: bytes
    response: Mapping[str, Any]


def recall(connection: Connection, workspace_id: uuid.UUID, key: str) -> Remembered | None:
    """Return what was answered to this key. Until the transaction ends nobody else gets past here with it."""
    locks.hold(connection, f"{workspace_id} {key}")
    query = select(IdempotencyKey.request_hash, IdempotencyKey.response).where(
        IdempotencyKey.workspace_id == workspace_id, IdempotencyKey.key == key
    )
    row = connection.execute(query).first()
    return None if row is None else Remembered(bytes(row[0]), row[1])


def remember(connection: Connection, workspace_id: uuid.UUID, key: str, answer: Remembered) -> None:
    """Keep an answer for the next request with this key."""
    connection.execute(
        insert(IdempotencyKey),
        {
            "workspace_id": workspace_id,
            "key": key,
            "request_hash": answer.request_hash,
            "response": dict(answer.response),
        },
    )
