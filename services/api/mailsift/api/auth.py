"""Bearer keys: every route asks for one unless it is named here, or for a link that a key has signed."""

from __future__ import annotations

import hashlib
import time
import uuid
from typing import cast

from apiflask import APIFlask
from flask import g, request

from mailsift.api.deps import deps
from mailsift.api.links import Link, is_signed
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import keys

PUBLIC = frozenset({"documents.openapi", "documents.docs"})
LINKED = frozenset({"exports.download"})
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="mailsift"'}
_LONGEST = 200


def install(app: APIFlask) -> None:
    """Ask for a key before every request that reaches a route."""
    app.before_request(_authenticate)


def principal() -> Principal:
    """Return who makes the current request."""
    return cast("Principal", g.principal)


def bearer_key(header: str | None) -> str:
    """Take the key out of an Authorization header. Raises Problem."""
    scheme, _, key = (header or "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key or len(key) > _LONGEST:
        raise Problem("unauthorized", "send `Authorization: Bearer <key>`", headers=_CHALLENGE)
    return key


def current_key_hash() -> bytes:
    """Hash the key of the current request. Raises Problem when it came by a link."""
    return hash_of(bearer_key(request.headers.get("Authorization")))


def hash_of(key: str) -> bytes:
    """Hash a key as it is stored: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(key.encode()).digest()


def _authenticate() -> None:
    if request.routing_exception is not None or request.endpoint in PUBLIC:
        return
    found = _by_link() if request.endpoint in LINKED and "signature" in request.args else _by_key()
    allowed = found.may_read if request.method in {"GET", "HEAD", "OPTIONS"} else found.may_write
    if not allowed:
        raise Problem("forbidden", "the role or the scopes of this key do not allow it")
    g.principal = found


def _by_key() -> Principal:
    found = keys.owner_of(deps().engine, current_key_hash())
    if found is None:
        raise Problem("unauthorized", "the key is unknown, revoked or expired", headers=_CHALLENGE)
    return found


def _by_link() -> Principal:
    """Read as whoever signed the link. Raises Problem."""
    link = _link()
    signer = keys.signer_of(deps().engine, link.key)
    if signer is None or not is_signed(link, signer.key_hash, request.path):
        raise Problem("link_invalid", "something in it was changed, or its key was revoked; ask for another")
    if link.expires <= time.time():
        raise Problem("link_expired", "ask whoever sent the link for another")
    return signer.principal


def _link() -> Link:
    asked = request.args
    try:
        return Link(uuid.UUID(asked["key"]), int(asked["expires"]), asked["signature"])
    except (KeyError, ValueError) as error:
        raise Problem("link_invalid", "a part of it is missing; use it as it was sent") from error
