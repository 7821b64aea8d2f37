"""Which web pages may ask from a browser (CORS, as the Fetch standard has it): none unless the operator lists them."""

from __future__ import annotations

from apiflask import APIFlask
from flask import Response, request

from mailsift.api.deps import deps

_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_SENT = (
    "Accept-Language, Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Last-Event-ID, Range,"
    " traceparent, X-Request-Id"
)
_SHOWN = (
    "Content-Disposition, Content-Range, ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy,"
    " Retry-After, X-Request-Id"
)
_REMEMBER_SECONDS = "7200"


def install(app: APIFlask) -> None:
    """Answer preflights before a key is asked for, as a browser sends none with them."""
    app.before_request(_preflight)
    app.after_request(_allow)


def _allowed() -> str | None:
    origin = request.headers.get("Origin")
    return origin if origin in deps().settings.cors_origins else None


def _preflight() -> Response | None:
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers or not _allowed():
        return None
    headers = {
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": _SENT,
        "Access-Control-Max-Age": _REMEMBER_SECONDS,
    }
    return Response(status=204, headers=headers)


def _allow(response: Response) -> Response:
    if deps().settings.cors_origins:
        response.vary.add("Origin")
    if origin := _allowed():
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _SHOWN
    return response
