from __future__ import annotations

import gc
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from conftest import Database
from mailsift.shared.db.session import make_engine
from mailsift.shared.observability.metrics import REGISTRY

NAME = "test-pools"


def shown() -> tuple[float | None, ...]:
    """How many connections are used and idle, and how many there may be."""
    used, idle = (
        REGISTRY.get_sample_value("mailsift_database_connections", {"pool": NAME, "state": state})
        for state in ("used", "idle")
    )
    return used, idle, REGISTRY.get_sample_value("mailsift_database_connections_limit", {"pool": NAME})


def test_pools_show_their_connections_for_as_long_as_their_engines_are_there(database: Database) -> None:
    engine = make_engine(database.worker_url, NAME, pool_size=3)
    assert shown() == (0, 0, 3)
    with engine.connect():
        assert shown() == (1, 0, 3)
    assert shown() == (0, 1, 3)
    another = make_engine(database.worker_url, NAME, pool_size=2)
    assert shown() == (0, 1, 5)
    engine.dispose()
    assert shown() == (0, 0, 5)
    del another
    gc.collect()
    assert shown() == (0, 0, 3)


def driver_of(connection: Connection) -> Any:
    return connection.connection.driver_connection


def pid_of(engine: Engine) -> int:
    """Use a connection."""
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)


def test_a_pooler_is_told_nothing_that_it_would_refuse_and_limits_are_in_force_all_the_same(database: Database) -> None:
    engine = make_engine(database.worker_url, NAME, statement_timeout_seconds=7, lock_timeout_seconds=2)
    with engine.connect() as connection:
        assert not driver_of(connection).info.options
    with engine.begin() as connection:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone", "jit")
        said = [connection.scalar(text(f"SHOW {name}")) for name in names]
        assert said == ["7s", "2s", "1min", "UTC", "off"]
        assert not driver_of(connection).autocommit
    engine.dispose()


@pytest.mark.parametrize("trusted_seconds", [0, 0.000_001])
def test_a_connection_that_broke_while_it_was_idle_is_made_anew(
    database: Database, worker: Engine, trusted_seconds: float
) -> None:
    engine = make_engine(database.worker_url, NAME, trusted_seconds=trusted_seconds)
    first = pid_of(engine)
    assert pid_of(engine) == first
    end(worker, first)
    assert pid_of(engine) != first
    engine.dispose()


def test_a_connection_that_was_used_just_now_is_not_asked_and_all_are_made_anew_when_it_broke(
    database: Database, worker: Engine
) -> None:
    engine = make_engine(database.worker_url, NAME, trusted_seconds=600)
    with engine.connect(), engine.connect():
        pass
    first, second = pid_of(engine), pid_of(engine)
    assert first != second
    end(worker, first)
    with pytest.raises(OperationalError):
        pid_of(engine)
    assert {pid_of(engine), pid_of(engine)}.isdisjoint({first, second})
    engine.dispose()


def end(worker: Engine, pid: int) -> None:
    """End a connection from the server's side, and wait until it is gone."""
    with worker.begin() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 30000)"), {"pid": pid})
