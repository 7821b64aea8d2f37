"""Locks by name, which are let go when the transaction ends."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:scope, 0))")


def hold(connection: Connection, scope: str) -> None:
    """Wait until nobody else holds what has this name, and hold it until the transaction ends."""
    connection.execute(_LOCK, {"scope": scope})
