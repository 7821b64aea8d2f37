"""The look-ups of keys, which come before the tenant is known."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Engine, RowMapping, TextClause, text

from mailsift.api.permissions import Scope
from mailsift.api.principal import Operator, Principal
from mailsift.shared.db.session import single_statements
from mailsift.shared.verdicts import KeyKind, MemberRole

_OWNER = text("SELECT * FROM api_key_owner(:hash)")
_OPERATOR = text("SELECT * FROM operator_of_key(:hash)")
_GUEST = text("SELECT * FROM guest_of_token(:hash)")
_SIGNER = text("SELECT * FROM api_key_of_link(:id)")


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs links, and whom it belongs to."""

    key_hash: bytes
    principal: Principal


def owner_of(engine: Engine, key_hash: bytes) -> Principal | None:
    """Find whom a key belongs to; None when it is unknown, revoked or expired."""
    row = _look_up(engine, _OWNER, hash=key_hash)
    return None if row is None else _principal(row)


def operator_of(engine: Engine, key_hash: bytes) -> Operator | None:
    """Find which operator a key belongs to; None when it is unknown, revoked or expired."""
    row = _look_up(engine, _OPERATOR, hash=key_hash)
    return None if row is None else Operator(row["operatorKeyId"], row["name"])


def guest_of(engine: Engine, token_hash: bytes) -> Principal | None:
    """Find which guest a token belongs to; None when it is unknown, revoked or expired."""
    row = _look_up(engine, _GUEST, hash=token_hash)
    if row is None:
        return None
    return Principal(
        key_id=row["guestTokenId"],
        workspace_id=row["guestWorkspaceId"],
        user_id=row["guestUserId"],
        role=MemberRole.MEMBER,
        scopes=frozenset({Scope.GUEST}),
        plan=row["plan"],
        is_guest=True,
    )


def signer_of(engine: Engine, key_id: uuid.UUID) -> Signer | None:
    """Find the key that a link names; None when it is unknown, revoked or expired."""
    row = _look_up(engine, _SIGNER, id=key_id)
    return None if row is None else Signer(bytes(row["keyHash"]), _principal(row))


def _look_up(engine: Engine, statement: TextClause, **named: object) -> RowMapping | None:
    # A transaction around it would take two more turns with the server, of every request.
    with single_statements(engine) as connection:
        return connection.execute(statement, named).mappings().first()


def _principal(row: RowMapping) -> Principal:
    return Principal(
        key_id=row["apiKeyId"],
        workspace_id=row["workspaceId"],
        user_id=row["userId"],
        role=MemberRole(row["role"]),
        scopes=frozenset(row["scopes"]),
        plan=row["plan"],
        is_test=row["kind"] == KeyKind.TEST,
    )
