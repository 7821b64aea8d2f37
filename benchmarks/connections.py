"""How many connections to PostgreSQL are open, and whose they are, looked at again and again."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
from sqlalchemy import create_engine, text

from benchmarks.site import Site

_EVERY = 0.25
_OPEN = text("""
    SELECT usename, client_port FROM pg_stat_activity
    WHERE usename LIKE 'mailsift%' AND datname = current_database()""")


@dataclass(slots=True)
class Connections:
    """The most that were open at once."""

    altogether: int = 0
    of_workers: int = 0
    of_one_worker: int = 0

    def note(self, rows: list[tuple[str, int]]) -> None:
        """Take a look into account."""
        owners = {found.laddr.port: found.pid for found in psutil.net_connections("tcp4") if found.laddr}
        each = Counter(owners.get(port) for role, port in rows if role == "mailsift_worker")
        self.altogether = max(self.altogether, len(rows))
        self.of_workers = max(self.of_workers, each.total())
        # A connection that closed between the two looks has no owner any more.
        self.of_one_worker = max([self.of_one_worker, *(count for pid, count in each.items() if pid)])


@contextmanager
def watching(site: Site) -> Iterator[Connections]:
    """Look at the site's connections until the block ends."""
    peak, stop = Connections(), threading.Event()
    engine = create_engine(site.url(), isolation_level="AUTOCOMMIT")

    def watch() -> None:
        with engine.connect() as connection:
            while not stop.wait(_EVERY):
                peak.note([(row[0], row[1]) for row in connection.execute(_OPEN)])

    watcher = threading.Thread(target=watch, name="connections", daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()
        engine.dispose()
