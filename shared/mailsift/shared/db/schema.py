"""Whether the database's schema is one that this release can work on, and the wait until it is."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError, SQLAlchemyError

from mailsift.shared.observability.health import HealthServer
from mailsift.shared.observability.logs import logger
from mailsift.shared.observability.metrics import REGISTRY

log = logger(__name__)

_VERSIONS: Final = Path(__file__).with_name("migrations") / "versions"
_LOOK_SECONDS: Final = 1.0
_REMEDY: Final = "run the migrations of this release (python -m mailsift.shared.db.migrate)"


@cache
def revisions() -> tuple[str, ...]:
    """The revisions that this release knows, oldest first: each file of a migration begins with its own."""
    return tuple(sorted(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*.py")))


def schema_fault(engine: Engine) -> str | None:
    """Say what keeps this release from working on the database; None when nothing does.

    A revision that it does not know is a later one, and no fault: migrations only add what the release before does not
    mind, so that both run side by side while one takes the other's place.
    """
    try:
        with engine.connect() as connection:
            # Its one column has another name until this release's migrations have run.
            at = connection.scalar(text("SELECT * FROM alembic_version"))
    except ProgrammingError:
        # No such table, or one from before services were let look at it.
        return f"the schema of the database is none, or too old for this release: {_REMEDY}"
    except SQLAlchemyError as error:
        return f"the database does not answer: {_first_line(error)}"
    newest = revisions()[-1]
    if at is None or at in revisions()[:-1]:
        return f"the schema of the database is at {at or 'nothing'}, and this release needs {newest}: {_REMEDY}"
    return None


def _first_line(error: SQLAlchemyError) -> str:
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def stand_by(engine: Engine, health: tuple[str, int]) -> None:
    """Hold a process that is about to begin until the schema is there; probes are told why meanwhile.

    It would else take jobs up, fail, and use up their retries. Ends the process when it is asked to leave.
    """
    fault = schema_fault(engine)
    if fault is None:
        return
    log.warning("schema_awaited", fault=fault)
    server = HealthServer(*health, REGISTRY, live=lambda: True, fault=lambda: fault)
    server.start()
    try:
        with _leaving_when_asked():
            while fault is not None:
                time.sleep(_LOOK_SECONDS)
                before, fault = fault, schema_fault(engine)
                if fault not in {before, None}:
                    log.warning("schema_awaited", fault=fault)
        log.info("schema_found")
    finally:
        server.stop()


@contextmanager
def _leaving_when_asked() -> Iterator[None]:
    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
