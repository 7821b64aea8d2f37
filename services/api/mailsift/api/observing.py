"""What surrounds every request: its id, its log line, its counts, and the headers every answer has."""

from __future__ import annotations

import time
import uuid
from contextlib import ExitStack
from http import HTTPStatus

import structlog
from apiflask import APIFlask
from flask import Response, g, request

from mailsift.api import request_ids
from mailsift.api.metrics import REQUEST_SECONDS, REQUESTS
from mailsift.api.principal import Operator
from mailsift.shared.observability import tracing
from mailsift.shared.observability.logs import logger
from mailsift.shared.observability.tracing import Kind
from mailsift.shared.trace_context import parse_traceparent

log = logger(__name__)

_UNMATCHED = "unmatched"
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
    g.request_id = request_ids.request_id(request.headers.get("X-Request-Id"))
    brought = parse_traceparent(request.headers.get("traceparent"))
    g.span, g.span_ends = _span(None if brought is None else str(brought)), ExitStack()
    g.span_ends.enter_context(g.span)
    # Where nobody is told here, somebody may be of the jobs.
    g.trace = g.span.context or brought
    g.trace_id = uuid.uuid4().hex if g.trace is None else g.trace.trace_id
    structlog.contextvars.bind_contextvars(request_id=g.request_id, trace_id=g.trace_id)


def _span(parent: str | None) -> tracing.Span:
    method, route = _method(), _route()
    name = method if route == _UNMATCHED else f"{method} {route}"
    return tracing.span(name, Kind.REQUEST, parent, method=method, route=route)


def _route() -> str:
    # The template, never the path: paths and query strings hold ids and addresses, and there is no end of them.
    return request.url_rule.rule if request.url_rule else _UNMATCHED


def _method() -> str:
    return request.method if request.method in _METHODS else "other"


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
    method, route = _method(), _route()
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
    g.span.note(status=response.status_code)
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        g.span.fail(str(response.status_code))
    g.span_ends.close()
    structlog.contextvars.unbind_contextvars("request_id", "trace_id")
    return response
