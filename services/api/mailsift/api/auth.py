"""Bearer keys: every route asks for one unless it is named here."""

from __future__ import annotations

import hashlib
from typing import cast

from apiflask import APIFlask
from flask import g, request

from mailsift.api.deps import deps
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import keys

PUBLIC = frozenset({"documents.openapi", "documents.docs"})
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


def hash_of(key: str) -> bytes:
    """Hash a key as it is stored: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(key.encode()).digest()


def _authenticate() -> None:
    if request.routing_exception is not None or request.endpoint in PUBLIC:
        return
    found = keys.owner_of(deps().engine, hash_of(bearer_key(request.headers.get("Authorization"))))
    if found is None:
        raise Problem("unauthorized", "the key is unknown, revoked or expired", headers=_CHALLENGE)
    allowed = found.may_read if request.method in {"GET", "HEAD", "OPTIONS"} else found.may_write
    if not allowed:
        raise Problem("forbidden", "the role or the scopes of this key do not allow it")
    g.principal = found
