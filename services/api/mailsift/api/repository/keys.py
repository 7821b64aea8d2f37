"""The look-up of a key, which comes before the tenant is known."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, RowMapping, select, text

from mailsift.api.principal import Principal
from mailsift.shared.db.tables import ApiKey
from mailsift.shared.verdicts import MemberRole

_OWNER = text("SELECT * FROM api_key_owner(:hash)")
_SIGNER = text("SELECT * FROM api_key_of_link(:id)")


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs links, and whom it belongs to."""

    key_hash: bytes
    principal: Principal


def owner_of(engine: Engine, key_hash: bytes) -> Principal | None:
    """Find whom a key belongs to; None when it is unknown, revoked or expired."""
    with engine.begin() as connection:
        row = connection.execute(_OWNER, {"hash": key_hash}).mappings().first()
    return None if row is None else _principal(row)


def signer_of(engine: Engine, key_id: uuid.UUID) -> Signer | None:
    """Find the key that a link names; None when it is unknown, revoked or expired."""
    with engine.begin() as connection:
        row = connection.execute(_SIGNER, {"id": key_id}).mappings().first()
    return None if row is None else Signer(bytes(row["keyHash"]), _principal(row))


def id_of(connection: Connection, key_hash: bytes) -> uuid.UUID:
    """Return the id of a key of the workspace that is open."""
    return connection.execute(select(ApiKey.api_key_id).where(ApiKey.key_hash == key_hash)).scalar_one()


def _principal(row: RowMapping) -> Principal:
    return Principal(
        workspace_id=row["workspaceId"],
        user_id=row["userId"],
        role=MemberRole(row["role"]),
        scopes=frozenset(row["scopes"]),
    )
