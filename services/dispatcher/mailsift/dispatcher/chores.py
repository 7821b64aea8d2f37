"""What is done again and again by the clock: a loop turns one after the other, and none can end it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from mailsift.dispatcher import metrics
from mailsift.shared.db.session import is_locked
from mailsift.shared.observability.logs import logger

log = logger(__name__)

_PATIENCE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Chore:
    """One thing to do every so many seconds."""

    name: str
    every_seconds: float
    do: Callable[[], object]


@contextmanager
def passing_over_locks(chore: str, row_id: uuid.UUID) -> Iterator[None]:
    """Leave a row that somebody holds, such as a stopped process, to the next turn: the others need not wait."""
    try:
        yield
    except OperationalError as error:
        if not is_locked(error):
            raise
        metrics.ROWS_LOCKED.labels(chore).inc()
        log.warning("row_locked", chore=chore, row=str(row_id))


class ChoreLoop:
    """A thread for chores that may wait for each other."""

    def __init__(self, name: str, chores: Sequence[Chore], longest_seconds: float) -> None:
        self._chores = tuple(chores)
        self._due = dict.fromkeys((chore.name for chore in chores), 0.0)
        self._longest_seconds = longest_seconds
        self._began: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        for chore in chores:
            metrics.CHORE_SECONDS.labels(chore.name)
            metrics.ROWS_LOCKED.labels(chore.name)
            metrics.CHORE_FAILURES.labels(chore.name)

    def start(self) -> None:
        """Begin, with a turn of each."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the chore that is under way, or leave one that hangs: a kill loses nothing of it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE_SECONDS)

    @property
    def live(self) -> bool:
        """Whether the loop still turns: a turn may fail, but not hang."""
        began = self._began
        hangs = began is not None and time.monotonic() - began > self._longest_seconds
        return self._thread.is_alive() and not hangs

    def _run(self) -> None:
        while not self._stop.is_set():
            for chore in self._chores:
                if time.monotonic() >= self._due[chore.name] and not self._stop.is_set():
                    self._began = time.monotonic()
                    self._turn(chore)
                    self._began = None
                    self._due[chore.name] = time.monotonic() + chore.every_seconds
            self._stop.wait(max(0.0, min(self._due.values()) - time.monotonic()))

    @staticmethod
    def _turn(chore: Chore) -> None:
        try:
            with metrics.CHORE_SECONDS.labels(chore.name).time():
                chore.do()
        except SQLAlchemyError:
            metrics.CHORE_FAILURES.labels(chore.name).inc()
            log.warning("database_unreachable", chore=chore.name, exc_info=True)
        except Exception:
            # A loop that ends would leave everything as it is; the next turn may go well.
            metrics.CHORE_FAILURES.labels(chore.name).inc()
            log.exception("chore_failed", chore=chore.name)
