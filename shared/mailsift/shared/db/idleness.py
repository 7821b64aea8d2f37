"""Asks connections of a pool whether they are still there, but only those that nobody has used for a while."""

from __future__ import annotations

import time
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

_USED: Final = "used"


def ping(engine: Engine, seconds: float) -> None:
    """Before a connection is used again after so many seconds, see that it works; if not, all are made anew."""

    def note(_driver: Any, entry: ConnectionPoolEntry) -> None:
        entry.info[_USED] = time.monotonic()

    def ask(driver: Any, entry: ConnectionPoolEntry, _proxy: Any) -> None:
        used = entry.info.get(_USED)
        if used is None or time.monotonic() - used < seconds:
            return
        try:
            engine.dialect.do_ping(driver)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", ask)
