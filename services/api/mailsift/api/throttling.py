"""Holds each key to the requests that its plan allows, and says in every answer how many are left."""

from __future__ import annotations

import time

from apiflask import APIFlask
from flask import Response, g

from mailsift.api.deps import deps
from mailsift.api.limiting import Standing
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.shared.plans import allowance


def install(app: APIFlask) -> None:
    """Count every request whose key is known."""
    app.before_request(_count)
    app.after_request(_tell)


def _count() -> None:
    who = g.get("caller")
    limit = allowance(who.plan).requests_per_minute if isinstance(who, Principal) else None
    if limit is None:
        return
    standing = g.standing = deps().limiter.take(who.key_id, limit, time.monotonic())
    if not standing.allowed:
        raise Problem(
            "too_many_requests",
            f"the {who.plan} plan has {limit} requests a minute for each key",
            headers={"Retry-After": str(standing.reset_seconds)},
        )


def _tell(response: Response) -> Response:
    standing: Standing | None = g.get("standing")
    if standing is not None:
        response.headers["RateLimit-Policy"] = standing.policy
        response.headers["RateLimit"] = standing.state
    return response
