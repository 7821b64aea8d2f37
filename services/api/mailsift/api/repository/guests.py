"""Guests' tokens of the workspace that is open."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, select, text
from uuid_utils.compat import uuid7

from mailsift.api.credentials import Secret
from mailsift.api.repository.pages import newest_first
from mailsift.api.schemas import guests as schemas
from mailsift.api.schemas.base import Listing
from mailsift.shared.db.tables import GuestToken

_MAKE = text("SELECT make_guest(:id, :workspace_id, :user_id, :name, :prefix, :hash, :uses, now() + :lifetime)")
_END = text("SELECT end_guest_token(:id)")
_USE = text("SELECT use_guest_token()")


@dataclass(frozen=True, slots=True)
class GuestDraft:
    """A token that is to be."""

    name: str
    uses: int
    lifetime: dt.timedelta


def add(connection: Connection, draft: GuestDraft, secret: Secret) -> schemas.GuestToken:
    """Write a token, of which only the hash is kept, and the workspace that it opens."""
    token_id = uuid7()
    connection.execute(
        _MAKE,
        {
            "id": token_id,
            "workspace_id": uuid7(),
            "user_id": uuid7(),
            "name": draft.name,
            "prefix": secret.prefix,
            "hash": secret.hash,
            "uses": draft.uses,
            "lifetime": draft.lifetime,
        },
    )
    row = connection.execute(select(GuestToken.__table__).where(GuestToken.guest_token_id == token_id)).mappings().one()
    return schemas.GuestToken.model_validate(dict(row))


def end(connection: Connection, token_id: uuid.UUID) -> bool:
    """Let a token open nothing any more; False when there is no such token."""
    return bool(connection.scalar(_END, {"id": token_id}))


def use(connection: Connection) -> bool:
    """Take one use of the token whose workspace is open; False when none is left."""
    return connection.scalar(_USE) is not None


def page(connection: Connection, listing: Listing) -> schemas.GuestTokenPage:
    """Read a page of tokens."""
    rows, following = newest_first(
        connection, select(GuestToken.__table__), listing, GuestToken.created_at, GuestToken.guest_token_id
    )
    return schemas.GuestTokenPage(items=[schemas.GuestToken.model_validate(dict(row)) for row in rows], next=following)
