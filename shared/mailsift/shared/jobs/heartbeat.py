"""One thread per process that renews every lease the process holds, writes progress, and brings back cancellations."""

from __future__ import annotations

import threading
import time
import uuid

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.repository import claiming
from mailsift.shared.jobs.repository.claiming import Beat
from mailsift.shared.observability.logs import logger
from mailsift.shared.observability.metrics import LEASES_HELD

log = logger(__name__)


class Heartbeat:
    """Beats for all leases in one statement, from a connection of its own."""

    def __init__(
        self, engine: Engine, *, lease_seconds: float, heartbeat_seconds: float, progress_seconds: float
    ) -> None:
        self._engine = engine
        self._lease_seconds = lease_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._progress_seconds = min(progress_seconds, heartbeat_seconds)
        self._leases: dict[uuid.UUID, Lease] = {}
        self._written: dict[uuid.UUID, Beat] = {}
        self._lock = threading.Lock()
        self._began: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the beat that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the thread runs and no beat hangs; without it every lease of the process would run out.

        A path to the database on which nobody answers, and nothing breaks, ends a beat no sooner than a process; nor a
        handler that does not come back, a lease's length after it lost its lease. Such handlers may hold every
        connection there is, so that no beat can be tried and nobody is told: the clock says it then.
        """
        began = self._began
        hangs = began is not None and time.monotonic() - began > self._lease_seconds
        with self._lock:
            hangs = hangs or any(lease.lost_for > self._lease_seconds for lease in self._leases.values())
        return self._thread.is_alive() and not hangs

    def add(self, lease: Lease) -> None:
        """Keep a lease alive from now on."""
        with self._lock:
            self._leases[lease.job.ref.lease_token] = lease
            LEASES_HELD.set(len(self._leases))

    def remove(self, lease: Lease) -> None:
        """Let a lease go."""
        with self._lock:
            self._leases.pop(lease.job.ref.lease_token, None)
            self._written.pop(lease.job.ref.lease_token, None)
            LEASES_HELD.set(len(self._leases))

    def _run(self) -> None:
        last_renewal = time.monotonic()
        while not self._stop.wait(self._progress_seconds):
            now = time.monotonic()
            extend = now - last_renewal >= self._heartbeat_seconds
            self._began = now
            try:
                self.beat(now, extend=extend)
            except SQLAlchemyError:
                log.warning("heartbeat_failed", exc_info=True)
                continue
            finally:
                self._began = None
            if extend:
                last_renewal = now

    def beat(self, now: float, *, extend: bool) -> None:
        """Write what changed, extend the leases when `extend`, and tell each lease what the database says of it."""
        with self._lock:
            leases = dict(self._leases)
            beats = {token: lease.beat() for token, lease in leases.items()}
            changed = {token for token, beat in beats.items() if self._written.get(token, Beat(token)) != beat}
        if not leases:
            return
        roots = {leases[token].job.root_id for token in changed}
        to_write = list(beats.values()) if extend else [beats[token] for token in changed]
        reached: set[uuid.UUID] = set()
        with self._engine.begin() as connection:
            if to_write:
                reached = claiming.renew(connection, to_write, roots, lease_seconds=self._lease_seconds, extend=extend)
            valid = claiming.still_valid(connection, list(leases))
        with self._lock:
            self._written.update({token: beats[token] for token in changed & reached if token in self._leases})
        for token, lease in leases.items():
            if token not in valid:
                lease.lose()
            elif valid[token]:
                lease.cancel()
            if extend and token in reached:
                lease.renewed(now)
