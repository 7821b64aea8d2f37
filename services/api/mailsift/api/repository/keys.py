"""The look-up of a key, which comes before the tenant is known."""

from __future__ import annotations

from sqlalchemy import Engine, text

from mailsift.api.principal import Principal
from mailsift.shared.verdicts import MemberRole

_OWNER = text("SELECT * FROM api_key_owner(:hash)")


def owner_of(engine: Engine, key_hash: bytes) -> Principal | None:
    """Find whom a key belongs to; None when it is unknown, revoked or expired."""
    with engine.begin() as connection:
        row = connection.execute(_OWNER, {"hash": key_hash}).mappings().first()
    if row is None:
        return None
    return Principal(
        workspace_id=row["workspaceId"],
        user_id=row["userId"],
        role=MemberRole(row["role"]),
        scopes=frozenset(row["scopes"]),
    )
