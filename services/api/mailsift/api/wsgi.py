"""The WSGI application of this process, built when a server first asks for it (`mailsift.api.wsgi:application`)."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from mailsift.api.app import create_app
from mailsift.api.config import ApiSettings
from mailsift.api.deps import EXTENSION, Deps, wire
from mailsift.shared.settings import SettingsError, load

if TYPE_CHECKING:
    from apiflask import APIFlask

    application: APIFlask

_building = threading.Lock()


def __getattr__(name: str) -> APIFlask:
    """Build `application` at its first use: importing this module does nothing."""
    if name != "application":
        raise AttributeError(name)
    with _building:
        if name not in globals():
            globals()[name] = _build()
    built: APIFlask = globals()[name]
    return built


def deps_of(app: APIFlask) -> Deps:
    """Return the parts of a built application."""
    parts: Deps = app.extensions[EXTENSION]
    return parts


def _build() -> APIFlask:
    try:
        return create_app(wire(load(ApiSettings)))
    except (SettingsError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        # Gunicorn's word for "starting again would not help".
        raise SystemExit(4) from None
