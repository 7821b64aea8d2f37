"""Engines by role, a tenant to work for, and a bucket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from buckets import Bucket, make_bucket, s3_server
from conftest import Database
from factories import Tenant, make_tenant
from mailsift.shared.db.session import make_engine


def _engine(url: str, name: str) -> Iterator[Engine]:
    engine = make_engine(url, name, pool_size=10)
    yield engine
    engine.dispose()


@pytest.fixture
def owner(database: Database) -> Iterator[Engine]:
    yield from _engine(database.owner_url, "test-owner")


@pytest.fixture
def worker(database: Database) -> Iterator[Engine]:
    yield from _engine(database.worker_url, "test-worker")


@pytest.fixture
def dispatcher(database: Database) -> Iterator[Engine]:
    yield from _engine(database.dispatcher_url, "test-dispatcher")


@pytest.fixture
def api(database: Database) -> Iterator[Engine]:
    yield from _engine(database.api_url, "test-api")


@pytest.fixture
def tenant(owner: Engine) -> Tenant:
    with owner.begin() as connection:
        return make_tenant(connection)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3")) as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    made = make_bucket(s3)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made
