"""Makes keys of a workspace, puts new ones in the place of old ones, and ends them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import Connection

from mailsift.api import credentials
from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.credentials import Secret, make_secret
from mailsift.api.deps import Deps
from mailsift.api.permissions import Permission, permissions
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem, invalid
from mailsift.api.repository import keys, members
from mailsift.api.repository.keys import KeyDraft
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.keys import Key, KeyPage, KeyRequest, KeyRotation, NewKey
from mailsift.api.schemas.members import Member
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.verdicts import KeyKind

MOST_KEYS = 200


def create(deps: Deps, asked: Asked, request: KeyRequest) -> tuple[NewKey, bool]:
    """Make a key that may no more than the one that asks for it. Raises Problem."""
    who, secret = asked.principal, _secret(request.kind)
    asks_for = fingerprint("key", request.model_dump_json())
    with tenant_transaction(deps.engine, who.workspace_id) as connection:

        def make() -> NewKey:
            keys.write_alone(connection, who.workspace_id)
            if keys.count(connection) >= MOST_KEYS:
                raise Problem("too_many_keys", f"it has {MOST_KEYS}; revoke one that is not needed any more")
            member = _member(connection, who, request.user_id or who.user_id)
            _refuse_more(who, member, request.scopes)
            lifetime = None if request.expires_in is None else dt.timedelta(seconds=request.expires_in)
            draft = KeyDraft(member.user_id, request.name, request.scopes, lifetime, kind=request.kind)
            return _written(connection, who, draft, secret, Activity.KEY_CREATED)

        answer, replayed = once(connection, asked, asks_for, NewKey, make)
    # The key is in no answer that is kept, for only its hash is.
    return (answer if replayed else answer.model_copy(update={"key": secret.key})), replayed


def rotate(deps: Deps, asked: Asked, key_id: uuid.UUID, request: KeyRotation) -> tuple[NewKey, bool]:
    """Make a key like another, which opens for a while yet. Raises Problem."""
    who = asked.principal
    asks_for = fingerprint("rotation", str(key_id), request.model_dump_json())
    with tenant_transaction(deps.engine, who.workspace_id) as connection:
        secret = _secret(_own(connection, who, key_id).kind)

        def make() -> NewKey:
            keys.write_alone(connection, who.workspace_id)
            old = _own(connection, who, key_id)
            _refuse_ended(old)
            _refuse_more(who, _member(connection, who, old.user_id), old.scopes)
            draft = KeyDraft(old.user_id, old.name, old.scopes, expires_at=old.expires_at, kind=old.kind)
            new = _written(connection, who, draft, secret, Activity.KEY_ROTATED, old=old)
            keys.end(connection, key_id, dt.timedelta(seconds=request.overlap))
            return new

        answer, replayed = once(connection, asked, asks_for, NewKey, make)
    return (answer if replayed else answer.model_copy(update={"key": secret.key})), replayed


def revoke(deps: Deps, principal: Principal, key_id: uuid.UUID) -> None:
    """Let a key open nothing any more; one that has ended stays so. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        keys.write_alone(connection, principal.workspace_id)
        key = _own(connection, principal, key_id)
        member = members.find(connection, key.user_id)
        if member is not None:
            _refuse_more(principal, member, key.scopes)
        if key.revoked_at is None:
            keys.end(connection, key_id)
            record(connection, principal, Activity.KEY_REVOKED, key_id, {"name": key.name, "prefix": key.prefix})


def listed(connection: Connection, principal: Principal, listing: Listing) -> KeyPage:
    """List all keys for those who administer, else the caller's own."""
    return keys.page(connection, listing, None if _sees_all(principal) else principal.user_id)


def _secret(kind: KeyKind) -> Secret:
    return make_secret(credentials.TEST if kind is KeyKind.TEST else credentials.WORKSPACE)


def _written(  # noqa: PLR0913, PLR0917 - what is written, and what is told of it
    connection: Connection,
    who: Principal,
    draft: KeyDraft,
    secret: Secret,
    activity: Activity,
    old: Key | None = None,
) -> NewKey:
    key = keys.add(connection, who.workspace_id, draft, secret)
    details = {"name": key.name, "prefix": key.prefix, "scopes": key.scopes}
    replaced = {} if old is None else {"replaces": str(old.key_id)}
    record(connection, who, activity, key.key_id, {**details, **replaced})
    return NewKey(**key.model_dump(), key=None)


def _sees_all(principal: Principal) -> bool:
    return Permission.ADMINISTER in principal.permissions


def _member(connection: Connection, who: Principal, user_id: uuid.UUID) -> Member:
    if user_id != who.user_id and not _sees_all(who):
        raise Problem("forbidden", "only the owner and the admins make keys for others")
    member = members.find(connection, user_id)
    if member is None:
        raise invalid("userId", "nobody of the workspace has this id")
    return member


def _own(connection: Connection, who: Principal, key_id: uuid.UUID) -> Key:
    key = keys.find(connection, key_id)
    if key is None or (key.user_id != who.user_id and not _sees_all(who)):
        raise Problem("not_found", "there is no such key")
    return key


def _refuse_more(who: Principal, member: Member, scopes: Sequence[str]) -> None:
    if not permissions(member.role, scopes) <= who.permissions:
        raise Problem("forbidden", "the key may more than yours does")


def _refuse_ended(key: Key) -> None:
    ended = key.expires_at is not None and key.expires_at <= dt.datetime.now(dt.UTC)
    if key.revoked_at is not None or ended:
        raise Problem("key_ended", "make a new one instead")
