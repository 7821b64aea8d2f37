"""Keys of the workspace that is open."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, insert, select, text
from uuid_utils.compat import uuid7

from mailsift.api.credentials import Secret
from mailsift.api.repository.pages import newest_first
from mailsift.api.schemas import keys as schemas
from mailsift.api.schemas.base import Listing
from mailsift.shared.db import locks
from mailsift.shared.db.tables import ApiKey
from mailsift.shared.verdicts import KeyKind

_END = text("SELECT end_api_key(:id, now() + :overlap)")
_OPEN_SANDBOX = text("SELECT open_sandbox(:id, :member)")
_COLUMNS = (
    ApiKey.api_key_id.label("key_id"),
    ApiKey.user_id,
    ApiKey.name,
    ApiKey.prefix,
    ApiKey.kind,
    ApiKey.scopes,
    ApiKey.created_at,
    ApiKey.expires_at,
    ApiKey.last_used_at,
    ApiKey.revoked_at,
)


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """A key that is to be."""

    user_id: uuid.UUID
    name: str
    scopes: Sequence[str]
    lifetime: dt.timedelta | None = None
    expires_at: dt.datetime | None = None
    kind: KeyKind = KeyKind.LIVE


def add(connection: Connection, workspace_id: uuid.UUID, draft: KeyDraft, secret: Secret) -> schemas.Key:
    """Write a key, of which only the hash is kept; with the first test key, the sandbox that it opens."""
    if draft.kind is KeyKind.TEST:
        connection.execute(_OPEN_SANDBOX, {"id": uuid7(), "member": draft.user_id})
    expires = draft.expires_at if draft.lifetime is None else func.now() + draft.lifetime
    values = {
        "api_key_id": uuid7(),
        "workspace_id": workspace_id,
        "user_id": draft.user_id,
        "name": draft.name,
        "prefix": secret.prefix,
        "key_hash": secret.hash,
        "kind": draft.kind.value,
        "scopes": list(draft.scopes),
        "expires_at": expires,
    }
    return _shown(connection.execute(insert(ApiKey).values(values).returning(*_COLUMNS)).mappings().one())


def write_alone(connection: Connection, workspace_id: uuid.UUID) -> None:
    """Be the only one who makes and ends keys of a workspace until the transaction ends."""
    locks.hold(connection, f"keys {workspace_id}")


def count(connection: Connection) -> int:
    """Count those that open something."""
    opens = (ApiKey.revoked_at.is_(None), ApiKey.expires_at.is_(None) | (ApiKey.expires_at > func.now()))
    return int(connection.execute(select(func.count()).select_from(ApiKey).where(*opens)).scalar_one())


def end(connection: Connection, key_id: uuid.UUID, overlap: dt.timedelta = dt.timedelta(0)) -> None:
    """Let a key open nothing any more once that has passed; what has ended stays so."""
    connection.execute(_END, {"id": key_id, "overlap": overlap})


def end_all_of(connection: Connection, user_id: uuid.UUID) -> None:
    """Let no key of a member open anything any more."""
    for key_id in connection.scalars(select(ApiKey.api_key_id).where(ApiKey.user_id == user_id)).all():
        end(connection, key_id)


def find(connection: Connection, key_id: uuid.UUID) -> schemas.Key | None:
    """Read one."""
    row = connection.execute(select(*_COLUMNS).where(ApiKey.api_key_id == key_id)).mappings().first()
    return None if row is None else _shown(row)


def page(connection: Connection, listing: Listing, only: uuid.UUID | None) -> schemas.KeyPage:
    """Read a page of all keys, or of those of one member only."""
    query = select(*_COLUMNS)
    if only is not None:
        query = query.where(ApiKey.user_id == only)
    rows, following = newest_first(connection, query, listing, ApiKey.created_at, ApiKey.api_key_id)
    return schemas.KeyPage(items=[_shown(row) for row in rows], next=following)


def _shown(row: RowMapping) -> schemas.Key:
    return schemas.Key.model_validate(dict(row))
