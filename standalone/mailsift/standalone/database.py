"""The database that everything runs on: the embedded one, or one that was given and is marked as ours alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Protocol

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from mailsift.shared.db.migrate import ROLES, migrate
from mailsift.shared.db.session import make_engine
from mailsift.shared.settings import psycopg2_url
from mailsift.standalone import postgres, repository
from mailsift.standalone.errors import DatabaseRefusedError
from mailsift.standalone.home import Home

VARIABLE = "DATABASE_URL"
API, WORKER, DISPATCHER = "mailsift_api", "mailsift_worker", "mailsift_dispatcher"


class Database(Protocol):
    """A migrated database."""

    @property
    def alive(self) -> bool:
        """Whether its server still runs, as far as that is ours to know."""

    def url(self, role: str) -> str:
        """Return its address for one of mailsift's roles."""


@contextmanager
def ready_database(home: Home, environment: Mapping[str, str]) -> Iterator[Database]:
    """Bring up the database of a home, or that of DATABASE_URL; nobody else runs jobs on it while the context lasts."""
    given = environment.get(VARIABLE)
    if given:
        with _given(given, environment) as found:
            yield found
        return
    _forget_libpq_variables()
    with postgres.running(home.postgres) as embedded:
        migrate(embedded.url())
        yield embedded


def _forget_libpq_variables() -> None:
    # libpq takes from the environment what an address does not say: PGPORT, PGSERVICE, PGSSLMODE and many more, which
    # are about other databases.
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


class _Given:
    def __init__(self, address: URL, passwords: Mapping[str, str]) -> None:
        self._address = address
        self._passwords = passwords

    @property
    def alive(self) -> bool:
        return True

    def url(self, role: str) -> str:
        address = self._address
        if role != address.username:
            address = address._replace(username=role, password=self._passwords.get(role))
        return address.render_as_string(hide_password=False)


@contextmanager
def _given(text: str, environment: Mapping[str, str]) -> Iterator[Database]:
    try:
        address = make_url(psycopg2_url(text))
    except ValueError as error:
        raise DatabaseRefusedError(f"{VARIABLE}: {error}") from error
    passwords = {role: environment[name] for role in ROLES if (name := f"{role.upper()}_PASSWORD") in environment}
    with ExitStack() as stack:
        url = address.render_as_string(hide_password=False)
        engine = make_engine(url, "mailsift-standalone", pool_size=1)
        stack.callback(engine.dispose)
        try:
            repository.take_for_ourselves(stack.enter_context(engine.connect()))
            migrate(url, passwords)
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
            raise DatabaseRefusedError(f"the database of {VARIABLE} cannot be used: {reason}") from error
        yield _Given(address, passwords)
