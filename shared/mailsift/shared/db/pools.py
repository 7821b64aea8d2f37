"""Shows how many of its connections to the database a process uses: counted when somebody looks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from weakref import WeakSet

from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from mailsift.shared.observability.metrics import DATABASE_CONNECTIONS, DATABASE_CONNECTIONS_LIMIT

_ENGINES: dict[str, WeakSet[Engine]] = {}


def show(name: str, engine: Engine) -> None:
    """Show an engine's pool under a name, for as long as the engine is there; those of one name are one pool."""
    engines = _ENGINES.setdefault(name, WeakSet())
    engines.add(engine)
    DATABASE_CONNECTIONS.labels(name, "used").set_function(partial(_total, engines, QueuePool.checkedout))
    DATABASE_CONNECTIONS.labels(name, "idle").set_function(partial(_total, engines, QueuePool.checkedin))
    DATABASE_CONNECTIONS_LIMIT.labels(name).set_function(partial(_total, engines, QueuePool.size))


def _total(engines: WeakSet[Engine], count: Callable[[QueuePool], int]) -> int:
    return sum(count(engine.pool) for engine in engines if isinstance(engine.pool, QueuePool))
