"""Keys of operators; with the owner's role, which alone reads and writes them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update
from uuid_utils.compat import uuid7

from mailsift.api.credentials import Secret
from mailsift.shared.db.tables import OperatorKey


@dataclass(frozen=True, slots=True)
class KeyListed:
    """An operator's key as it may be shown."""

    key_id: uuid.UUID
    name: str
    prefix: str
    created_at: dt.datetime
    expires_at: dt.datetime | None
    last_used_at: dt.datetime | None


def add(connection: Connection, name: str, secret: Secret, lifetime: dt.timedelta | None) -> uuid.UUID:
    """Write a key, of which only the hash is known here; None lets it open for ever."""
    key_id = uuid7()
    expires = None if lifetime is None else func.now() + lifetime
    values = {"operator_key_id": key_id, "name": name, "prefix": secret.prefix, "key_hash": secret.hash}
    connection.execute(insert(OperatorKey).values({**values, "expires_at": expires}))
    return key_id


def listed(connection: Connection) -> list[KeyListed]:
    """List the keys that open, the oldest first."""
    columns = (
        OperatorKey.operator_key_id,
        OperatorKey.name,
        OperatorKey.prefix,
        OperatorKey.created_at,
        OperatorKey.expires_at,
        OperatorKey.last_used_at,
    )
    opens = OperatorKey.expires_at.is_(None) | (OperatorKey.expires_at > func.now())
    query = select(*columns).where(OperatorKey.revoked_at.is_(None), opens).order_by(OperatorKey.created_at)
    return [KeyListed(*row) for row in connection.execute(query)]


def revoke(connection: Connection, key_id: uuid.UUID) -> bool:
    """Let a key open nothing any more; False when there is no such key, or it opened nothing already."""
    named = (OperatorKey.operator_key_id == key_id, OperatorKey.revoked_at.is_(None))
    return connection.execute(update(OperatorKey).where(*named).values(revoked_at=func.now())).rowcount > 0
