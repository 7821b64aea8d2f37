from __future__ import annotations

import gc

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
