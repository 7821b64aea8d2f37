"""What the standalone itself asks of its database: whether it may run it, and the key of its own commands."""

from __future__ import annotations

import time

from sqlalchemy import Connection, delete, text

from mailsift.shared.db.tables import ApiKey
from mailsift.standalone.errors import DatabaseRefusedError

MARK = "mailsift.standalone"
_LOCK_SECONDS = 10.0
_PAUSE_SECONDS = 0.2

_MARKED = text("SELECT current_setting(:mark, true), quote_ident(current_database())")
_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended('mailsift standalone', 0))")


def take_for_ourselves(connection: Connection) -> None:
    """Take a marked database for this process alone, until the connection ends.

    Raises DatabaseRefusedError when it is not marked, or when another standalone runs on it.
    """
    marked, name = connection.execute(_MARKED, {"mark": MARK}).one()
    if marked != "true":
        raise DatabaseRefusedError(
            "the database of DATABASE_URL is not marked as one of mailsift's standalone, which would run all jobs in "
            f"it: unset DATABASE_URL, or, if it is yours alone: ALTER DATABASE {name} SET {MARK} = 'true'"
        )
    # The connection of one that was killed takes its lock along a moment later.
    deadline = time.monotonic() + _LOCK_SECONDS
    while not connection.scalar(_LOCK):
        if time.monotonic() > deadline:
            raise DatabaseRefusedError("another mailsift runs on the database of DATABASE_URL: stop it first")
        connection.rollback()
        time.sleep(_PAUSE_SECONDS)
    connection.commit()


def drop_keys(connection: Connection, name: str) -> None:
    """Remove every key of that name."""
    connection.execute(delete(ApiKey).where(ApiKey.name == name))
