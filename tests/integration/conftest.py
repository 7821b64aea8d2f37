"""Engines by role, and a tenant to work for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

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
