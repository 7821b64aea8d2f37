"""Bearer keys: every route asks for one unless it is named here, or for a link that a key has signed.

A route that does not say what it `needs` is for whoever may read or, with another method than GET, write.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar, cast

from apiflask import APIFlask
from flask import Flask, current_app, g, request
from sqlalchemy import Engine

from mailsift.api import credentials
from mailsift.api.credentials import hash_of
from mailsift.api.deps import deps
from mailsift.api.links import Link, is_signed
from mailsift.api.permissions import Permission, explain
from mailsift.api.principal import Caller, Operator, Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import callers

PUBLIC = frozenset({"documents.openapi", "documents.docs"})
LINKED = frozenset({"exports.download"})
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="mailsift"'}
_LONGEST = 200
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

View = TypeVar("View", bound=Callable[..., Any])


def install(app: APIFlask) -> None:
    """Ask for a key before every request that reaches a route."""
    app.before_request(_authenticate)


def needs(*permissions: Permission) -> Callable[[View], View]:
    """Say what a route is for: whoever has one of these permissions."""

    def note(view: View) -> View:
        view.needs = frozenset(permissions)  # type: ignore[attr-defined] # decorators that come after keep it
        return view

    return note


def needed(app: Flask, endpoint: str, method: str) -> frozenset[Permission]:
    """Return the permissions of which a request must have one."""
    usual = Permission.READ if method in _SAFE else Permission.WRITE
    noted: frozenset[Permission] = getattr(app.view_functions[endpoint], "needs", frozenset({usual}))
    return noted


def of_all_routes(app: Flask) -> dict[tuple[str, str], frozenset[Permission]]:
    """Return of which permissions each method of each path, written as in OpenAPI, needs one; none is public."""
    return {
        (method, _PARAMETER.sub(r"{\1}", rule.rule)): needed(app, rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in PUBLIC
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def caller() -> Caller:
    """Return who makes the current request."""
    return cast("Caller", g.caller)


def principal() -> Principal:
    """Return who makes the current request, of a route that is for tenants only."""
    who = caller()
    if not isinstance(who, Principal):
        raise TypeError("this route is for operators too")
    return who


def operator() -> Operator:
    """Return who makes the current request, of a route that is for operators only."""
    who = caller()
    if not isinstance(who, Operator):
        raise TypeError("this route is for tenants too")
    return who


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


def still_opens(engine: Engine, key: str, needed: frozenset[Permission]) -> bool:
    """Look whether a key opens still what it did."""
    found = _look_up(key)(engine, hash_of(key))
    return found is not None and bool(needed & found.permissions)


def _authenticate() -> None:
    if request.routing_exception is not None or request.endpoint in PUBLIC:
        return
    found = _by_link() if request.endpoint in LINKED and "signature" in request.args else _by_key()
    g.caller = found
    permissions = needed(current_app, request.endpoint or "", request.method)
    if not permissions & found.permissions:
        raise Problem("forbidden", explain(permissions))


def _by_key() -> Caller:
    key = bearer_key(request.headers.get("Authorization"))
    found = _look_up(key)(deps().engine, hash_of(key))
    if found is None:
        raise Problem("unauthorized", "the key is unknown, revoked or expired", headers=_CHALLENGE)
    return found


def _look_up(key: str) -> Callable[[Engine, bytes], Caller | None]:
    if key.startswith(credentials.OPERATOR):
        return callers.operator_of
    return callers.guest_of if key.startswith(credentials.GUEST) else callers.owner_of


def _by_link() -> Principal:
    """Read as whoever signed the link. Raises Problem."""
    link = _link()
    signer = callers.signer_of(deps().engine, link.key)
    if signer is None or not is_signed(link, signer.key_hash, request.path):
        raise Problem(
            "link_invalid", "something in it was changed, or its key was revoked; ask for another", headers=_CHALLENGE
        )
    if link.expires <= time.time():
        raise Problem("link_expired", "ask whoever sent the link for another")
    return signer.principal


def _link() -> Link:
    asked = request.args
    try:
        return Link(uuid.UUID(asked["key"]), int(asked["expires"]), asked["signature"])
    except (KeyError, ValueError) as error:
        raise Problem("link_invalid", "a part of it is missing; use it as it was sent", headers=_CHALLENGE) from error
