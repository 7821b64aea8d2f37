"""Gives tokens to guests, counts what they ask for, and ends them."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Connection

from mailsift.api import credentials
from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.actions.quota import spend
from mailsift.api.credentials import make_secret
from mailsift.api.deps import Deps
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import guests
from mailsift.api.repository.guests import GuestDraft
from mailsift.api.schemas.guests import GuestTokenRequest, NewGuestToken
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction


def give_out(deps: Deps, asked: Asked, request: GuestTokenRequest) -> tuple[NewGuestToken, bool]:
    """Make a token; each of its uses is a job that the workspace pays for now. Raises Problem."""
    who, secret = asked.principal, make_secret(credentials.GUEST)
    if who.is_test:
        raise Problem("forbidden", "a sandbox has no guests; use a live key")
    asks_for = fingerprint("guest token", request.model_dump_json())
    with tenant_transaction(deps.engine, who.workspace_id) as connection:

        def make() -> NewGuestToken:
            draft = GuestDraft(request.name, request.uses, dt.timedelta(seconds=request.expires_in))
            token = guests.add(connection, draft, secret)
            details = {"name": token.name, "prefix": token.prefix, "uses": token.uses}
            record(connection, who, Activity.GUEST_ADMITTED, token.guest_token_id, details)
            spend(connection, who.workspace_id, request.uses)
            return NewGuestToken(**token.model_dump(), token=None)

        answer, replayed = once(connection, asked, asks_for, NewGuestToken, make)
    # The token is in no answer that is kept, for only its hash is.
    return (answer if replayed else answer.model_copy(update={"token": secret.key})), replayed


def end(deps: Deps, principal: Principal, token_id: uuid.UUID) -> None:
    """Let a token open nothing any more. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        if not guests.end(connection, token_id):
            raise Problem("not_found", "there is no such token")
        record(connection, principal, Activity.GUEST_DISMISSED, token_id)


def take_a_use(connection: Connection, principal: Principal) -> None:
    """Count what a guest asks for; given back should the transaction fail. Raises Problem."""
    if principal.is_guest and not guests.use(connection):
        raise Problem("guest_token_used_up", "it has no use left; ask whoever gave it out for another")
