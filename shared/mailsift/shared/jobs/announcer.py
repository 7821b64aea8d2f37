"""Tells dispatchers and watchers what happened: for all jobs of a process at once, in no job's transaction."""

from __future__ import annotations

import threading
import time
import uuid

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from mailsift.shared.jobs.repository import queueing
from mailsift.shared.observability.logs import logger

log = logger(__name__)

_PAUSE_SECONDS = 0.02


class Announcer:
    """A thread that turns any number of ends into one notification.

    NOTIFY takes an instance-wide lock at commit, which neither a COPY nor every single job should hold. A lost one
    costs a second: whoever waits for it looks by itself, too.
    """

    def __init__(self, engine: Engine, longest_seconds: float = 90) -> None:
        """An announcement that takes longer than `longest_seconds` will never end."""
        self._engine = engine
        self._longest_seconds = longest_seconds
        self._began: float | None = None
        self._roots: set[uuid.UUID] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)

    def start(self) -> None:
        """Begin to announce."""
        self._thread.start()

    def stop(self) -> None:
        """Announce what is left, and stop."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the thread runs and no announcement hangs."""
        began = self._began
        hangs = began is not None and time.monotonic() - began > self._longest_seconds
        return self._thread.is_alive() and not hangs

    def ended(self, root_id: uuid.UUID) -> None:
        """Note that an attempt of a root job, or of one of its parts, is over: something may be due, or have room."""
        with self._lock:
            self._roots.add(root_id)
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait()
            self._wake.clear()
            self.announce()
            # What ends meanwhile is announced together.
            time.sleep(_PAUSE_SECONDS)
        self.announce()

    def announce(self) -> None:
        """Announce what was noted since the last time."""
        with self._lock:
            roots, self._roots = self._roots, set()
        if not roots:
            return
        self._began = time.monotonic()
        try:
            with self._engine.begin() as connection:
                queueing.announce(connection, roots)
        except SQLAlchemyError:
            log.warning("announcement_failed", exc_info=True)
        finally:
            self._began = None
