"""What surrounds every request: its id, its log line, its counts, and the headers every answer has."""

from __future__ import annotations

import time

import structlog
from apiflask import APIFlask
from flask import Response, g, request

from mailsift.api import tracing
from mailsift.api.metrics import REQUEST_SECONDS, REQUESTS
from mailsift.api.principal import Operator
from mailsift.shared.observability.logs import logger

log = logger(__name__)

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def install(app: APIFlask) -> None:
    """Observe every request of an application."""
    app.before_request(_begin)
    app.after_request(_end)


def show_failures(app: APIFlask) -> None:
    """Show that no route has failed yet: its first failure is then a change like any other."""
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            REQUESTS.labels(method, rule.rule, 500)


def _begin() -> None:
    g.started = time.monotonic()
    g.request_id = tracing.request_id(request.headers.get("X-Request-Id"))
    g.trace_id = tracing.trace_id(request.headers.get("traceparent"))
    structlog.contextvars.bind_contextvars(request_id=g.request_id, trace_id=g.trace_id)


def _who() -> dict[str, str | None]:
    who = g.get("caller")
    if isinstance(who, Operator):
        return {"workspace_id": None, "operator_key_id": str(who.key_id)}
    return {"workspace_id": str(who.workspace_id) if who else None}


def _end(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = g.request_id
    seconds = time.monotonic() - g.started
    # The template, never the path: paths and query strings hold ids and addresses, and there is no end of them.
    route = request.url_rule.rule if request.url_rule else "unmatched"
    method = request.method if request.method in _METHODS else "other"
    REQUESTS.labels(method, route, response.status_code).inc()
    REQUEST_SECONDS.labels(method, route).observe(seconds)
    log.info(
        "request",
        method=method,
        route=route,
        status=response.status_code,
        duration_ms=round(seconds * 1000, 1),
        **_who(),
    )
    structlog.contextvars.unbind_contextvars("request_id", "trace_id")
    return response
