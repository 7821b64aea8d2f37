"""What the routes work with: built once per process, handed to `create_app`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app
from sqlalchemy import Engine

from mailsift.api.config import REQUEST_THREADS, TRUSTED_SECONDS, ApiSettings
from mailsift.api.limiting import RequestLimiter
from mailsift.api.places import Places
from mailsift.api.watching import JobWatcher
from mailsift.shared.db.session import make_engine
from mailsift.shared.storage import Storage

EXTENSION = "mailsift"


@dataclass(frozen=True, slots=True)
class Deps:
    """The parts of one process's API."""

    settings: ApiSettings
    engine: Engine
    storage: Storage
    watcher: JobWatcher
    upload_places: Places
    limiter: RequestLimiter

    def close(self) -> None:
        """End all streams and let the connections go."""
        self.watcher.stop()
        self.engine.dispose()


def wire(settings: ApiSettings) -> Deps:
    """Build the parts from settings; nothing connects before its first use."""
    engine = make_engine(
        settings.database_url,
        "mailsift-api",
        pool_size=REQUEST_THREADS + 4,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        trusted_seconds=TRUSTED_SECONDS,
    )
    watcher = JobWatcher(settings.database_url, settings.max_streams)
    places = Places(settings.max_uploads, settings.max_uploads // 2)
    return Deps(settings, engine, Storage(settings.storage_url), watcher, places, RequestLimiter())


def deps() -> Deps:
    """Return the parts of the application that serves the current request."""
    return cast("Deps", current_app.extensions[EXTENSION])
