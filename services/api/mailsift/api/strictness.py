"""Refuses what a route would silently ignore: parameters it does not know or gets twice, a body of another type."""

from __future__ import annotations

from typing import Any, NoReturn

from apiflask import APIFlask
from flask import Request, current_app, request

from mailsift.api.problems import Problem, invalid

_JSON = "application/json"


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
