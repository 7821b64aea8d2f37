"""Waits for NOTIFY on a connection of its own, and makes a new one when that breaks."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT
from psycopg2.extensions import connection as Psycopg2Connection  # noqa: N812 - a class with a small name
from sqlalchemy.engine import make_url

from mailsift.shared.observability.logs import logger

log = logger(__name__)

# Silence may be that of the other end or that of the line, so no line is trusted for longer.
_RENEW_SECONDS = 300.0


class Listener:
    """Listens on channels. Notifications are nudges: whoever waits must also look by itself now and then."""

    def __init__(self, url: str, channels: Sequence[str], application_name: str) -> None:
        self._dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._channels = tuple(channels)
        self._application_name = application_name
        self._connection: Psycopg2Connection | None = None
        self._connected_at = 0.0

    def wait(self, timeout: float) -> list[str] | None:
        """Wait up to `timeout` seconds; returns the payloads that came.

        None when the connection had to be made anew: something may have been missed, so look at everything.
        """
        try:
            if time.monotonic() - self._connected_at > _RENEW_SECONDS:
                self.close()
            if self._connection is None:
                self._connection = self._connect()
                self._connected_at = time.monotonic()
                return None
            if not select.select([self._connection], [], [], timeout)[0]:
                return []
            self._connection.poll()
        except (psycopg2.Error, OSError) as error:
            log.warning("listener_broken", error=type(error).__name__)
            self.close()
            time.sleep(min(timeout, 1.0))
            return None
        payloads = [notify.payload for notify in self._connection.notifies]
        self._connection.notifies.clear()
        return payloads

    def close(self) -> None:
        """Let the connection go; the next wait makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Psycopg2Connection:
        connection = psycopg2.connect(
            self._dsn,
            application_name=self._application_name,
            connect_timeout=10,
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
        )
        connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        with connection.cursor() as cursor:
            for channel in self._channels:
                cursor.execute(f'LISTEN "{channel}"')
        return connection
