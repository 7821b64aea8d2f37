"""Where measurements happen: private servers for the run, a fresh database and virtual host for each measurement."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, create_engine

from benchmarks.furnishing import furnish
from mailsift.shared.db.migrate import migrate
from servers import PostgreSQL, RabbitMQ, run_postgresql, run_rabbitmq

_TEMPLATE = "benchmark_template"


@dataclass(frozen=True, slots=True)
class Site:
    """What one measurement has to itself."""

    folder: Path
    postgresql: PostgreSQL
    database: str
    rabbitmq_url: str

    def url(self, role: str = "postgres") -> str:
        """Return the URL of the database for a role."""
        return self.postgresql.url(self.database, role)

    @contextmanager
    def connection(self, role: str = "postgres") -> Iterator[Connection]:
        """Open a transaction as a role."""
        engine = create_engine(self.url(role))
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()


class Ground:
    """The servers of a run."""

    def __init__(self, postgresql: PostgreSQL, rabbitmq: RabbitMQ) -> None:
        self._postgresql = postgresql
        self._rabbitmq = rabbitmq

    @contextmanager
    def site(self) -> Iterator[Site]:
        """Lay out a site, and clear away what it holds; an idle virtual host costs nothing and goes with its server."""
        database = f"benchmark_{uuid.uuid4().hex[:12]}"
        self._postgresql.execute(f"CREATE DATABASE {database} TEMPLATE {_TEMPLATE}")
        vhost = self._rabbitmq.add_vhost()
        folder = Path(tempfile.mkdtemp(prefix="mailsift-benchmark-"))
        try:
            yield Site(folder, self._postgresql, database, self._rabbitmq.url(vhost))
        finally:
            shutil.rmtree(folder)
            self._postgresql.execute(f"DROP DATABASE {database} WITH (FORCE)")


@contextmanager
def ground() -> Iterator[Ground]:
    """Run a PostgreSQL that keeps what it commits and a RabbitMQ, with a database to copy."""
    with run_postgresql(durable=True) as postgresql, run_rabbitmq() as rabbitmq:
        postgresql.execute(f"CREATE DATABASE {_TEMPLATE}")
        migrate(postgresql.url(_TEMPLATE))
        engine = create_engine(postgresql.url(_TEMPLATE))
        with engine.begin() as connection:
            furnish(connection)
        engine.dispose()
        yield Ground(postgresql, rabbitmq)
