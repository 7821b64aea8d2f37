"""Refuses what a route would silently ignore: parameters it does not know or gets twice, a body of another type."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from apiflask import APIFlask
from flask import Request, current_app, request
from flask.json.provider import DefaultJSONProvider

from mailsift.api.problems import Problem, invalid

_JSON = "application/json"


class StrictJson(DefaultJSONProvider):
    """JSON in which each name stands once in its object (RFC 7493, 2.3), and no number is none."""

    sort_keys = False  # fields in the order of the schema

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Read a body. Raises ValueError, or Problem for what Python would let pass."""
        return json.loads(s, object_pairs_hook=_each_once, parse_constant=_refuse_constant)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Problem("malformed_body", "a name stands twice in one object")
    return found


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("no number of JSON")


class StrictRequest(Request):
    """A request whose unreadable JSON has a problem of its own."""

    def on_json_loading_failed(self, e: ValueError | None) -> NoReturn:
        """Refuse the body."""
        raise Problem("malformed_body", "the body is not JSON") from e

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: FBT001, FBT002 - Flask's own
        """Read the body, which is not null: APIFlask would take that for an object without fields."""
        found = super().get_json(force, silent, cache)
        if found is None:
            raise invalid("", "the body is no JSON object")
        return found


def install(app: APIFlask) -> None:
    """Check every request that reaches a route."""
    app.request_class = StrictRequest
    app.json = StrictJson(app)
    app.before_request(_refuse_unknown_parameters)
    app.before_request(_refuse_other_bodies)


def _declared() -> dict[str, Any]:
    """What APIFlask's decorators noted on the view."""
    view = current_app.view_functions.get(request.endpoint or "")
    noted: dict[str, Any] = getattr(view, "_spec", {})
    return noted


def _refuse_unknown_parameters() -> None:
    if request.routing_exception is not None:
        return
    takes_parameters = any(location == "query" for _, location in _declared().get("args") or [])
    for name, values in request.args.lists():
        if not takes_parameters:
            raise invalid(name, "this route takes no parameters")
        if len(values) > 1:
            raise invalid(name, "given more than once")


def _refuse_other_bodies() -> None:
    if request.routing_exception is None and _declared().get("content_type") == _JSON and request.mimetype != _JSON:
        raise Problem("unsupported_media_type", f"send the body as {_JSON}")
