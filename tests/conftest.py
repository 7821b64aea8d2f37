"""What every test may ask for: private servers, a migrated database and a virtual host of its own, name servers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NoReturn

import pytest
from hypothesis import settings

# No test may find its way to a real server through what the shell happens to hold.
_PREFIXES = ("PG", "RABBITMQ_", "MAILSIFT_", "AWS_", "DRAMATIQ_", "OTEL_")
_NAMES = {
    *("DATABASE_URL", "STORAGE_URL", "STORAGE_SHARED", "NAMESERVERS", "LOG_LEVEL", "HEALTH_PORT"),
    *("LEASE_SECONDS", "HEARTBEAT_SECONDS", "REPUBLISH_SECONDS", "RETRY_BASE_SECONDS"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
}
for _name in list(os.environ):
    if _name.startswith(_PREFIXES) or _name.upper() in _NAMES:
        del os.environ[_name]

from servers import PostgreSQL, RabbitMQ, ServerMissing, run_nsd, run_postgresql, run_rabbitmq  # noqa: E402 after the scrub

# Examples are timed by nothing: the machine is shared with servers.
settings.register_profile("mailsift", deadline=None, print_blob=True)
settings.load_profile("mailsift")

TEMPLATE = "mailsift_template"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make chaos` ask for more than the short form of each scenario, and `make e2e-images` for other services."""
    group = parser.getgroup("chaos")
    group.addoption("--chaos-scenarios", default="", help="only these, as in S1,S8")
    group.addoption("--chaos-pace", default="twentieth", choices=("twentieth", "production"), help="the engine's times")
    group.addoption("--chaos-runs", default=1, type=int, help="how often each scenario is run")
    group.addoption("--chaos-full", action="store_true", help="with the whole load, not that of the short form")
    group.addoption("--chaos-results", default="", help="a folder for the figures of each run")
    parser.addoption(
        "--images", default="", help="start services from the images that this file of scripts/images names"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "scenario(number): one of the chaos scenarios, S1 to S13")


@dataclass(frozen=True, slots=True)
class Database:
    """A database and its URL for each of the roles."""

    name: str
    admin_url: str
    owner_url: str
    api_url: str
    worker_url: str
    dispatcher_url: str


def _unavailable(missing: ServerMissing) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(str(missing), pytrace=False)
    pytest.skip(str(missing))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Run one PostgreSQL for the session, with a migrated template to clone."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(run_postgresql())
        except ServerMissing as missing:
            _unavailable(missing)
        add_template(server)
        yield server


def add_template(server: PostgreSQL) -> None:
    """Make the migrated database that others are cloned from."""
    from mailsift.shared.db.migrate import migrate

    server.execute(f"CREATE DATABASE {TEMPLATE}")
    migrate(server.url(TEMPLATE))


@pytest.fixture
def empty_database_url(postgresql: PostgreSQL) -> Iterator[str]:
    """A database with nothing in it, as superuser: for the tests of migrations."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgresql.execute(f"CREATE DATABASE {name}")
    yield postgresql.url(name)
    postgresql.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(postgresql: PostgreSQL) -> Iterator[Database]:
    """A migrated database of this test alone."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgresql.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield as_roles(postgresql, name)
    postgresql.execute(f"DROP DATABASE {name} WITH (FORCE)")


def as_roles(server: PostgreSQL, name: str) -> Database:
    """Name the logins to one database of a server."""
    roles = ("postgres", "mailsift_owner", "mailsift_api", "mailsift_worker", "mailsift_dispatcher")
    return Database(name, *(server.url(name, role) for role in roles))


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ]:
    """Run one RabbitMQ for the session."""
    with ExitStack() as stack:
        try:
            broker = stack.enter_context(run_rabbitmq())
        except ServerMissing as missing:
            _unavailable(missing)
        yield broker


@pytest.fixture
def rabbitmq_url(rabbitmq: RabbitMQ) -> Iterator[str]:
    """A virtual host of this test alone."""
    vhost = rabbitmq.add_vhost()
    yield rabbitmq.url(vhost)
    rabbitmq.delete_vhost(vhost)


@pytest.fixture
def name_server() -> Iterator[Callable[[Mapping[str, str]], str]]:
    """Serve zones (name -> zone file) on loopback: call it with them and get HOST:PORT."""
    with ExitStack() as stack:

        def serve(zones: Mapping[str, str]) -> str:
            try:
                return stack.enter_context(run_nsd(zones))
            except ServerMissing as missing:
                _unavailable(missing)

        yield serve
