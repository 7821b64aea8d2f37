"""The dispatcher's loops: the relay wakes with the queue, the reaper by the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from mailsift.dispatcher.config import DispatcherSettings
from mailsift.dispatcher.publisher import Publisher
from mailsift.dispatcher.reaper import drain_cancelled, reap_leases
from mailsift.dispatcher.relay import Relay
from mailsift.shared.db.listener import Listener
from mailsift.shared.db.session import make_engine
from mailsift.shared.jobs.repository.queueing import DUE_CHANNEL
from mailsift.shared.observability.logs import logger

log = logger(__name__)

_STALE_SECONDS = 60.0


class Dispatcher:
    """Runs relay and reaper in threads until it is stopped; several dispatchers at once are safe."""

    def __init__(self, settings: DispatcherSettings, publisher: Publisher) -> None:
        self._settings = settings
        self._engine = make_engine(
            settings.database_url,
            "mailsift-dispatcher",
            pool_size=2,
            statement_timeout_seconds=settings.statement_timeout_seconds,
        )
        self._listener = Listener(settings.database_url, [DUE_CHANNEL], "mailsift-dispatcher-listener")
        self._relay = Relay(
            self._engine,
            publisher,
            cap=settings.dispatch_window,
            republish_seconds=settings.republish_seconds,
        )
        self._stop = threading.Event()
        self._cycled_at = time.monotonic()
        self._threads = [
            threading.Thread(target=self._relay_loop, name="relay", daemon=True),
            threading.Thread(target=self._reaper_loop, name="reaper", daemon=True),
        ]

    def start(self) -> None:
        """Begin to dispatch."""
        for thread in self._threads:
            thread.start()
        log.info("dispatcher_started")

    def stop(self) -> None:
        """Finish the cycles that are under way and let everything go."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._relay.close()
        self._listener.close()
        self._engine.dispose()
        log.info("dispatcher_stopped")

    @property
    def live(self) -> bool:
        """Whether both loops still turn."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def ready(self) -> bool:
        """Whether hints go out: the database answers and the broker takes them."""
        return not self._relay.paused and time.monotonic() - self._cycled_at < _STALE_SECONDS

    def _relay_loop(self) -> None:
        while not self._stop.is_set():
            sent = self._guarded(self._relay.cycle)
            if sent is not None:
                self._cycled_at = time.monotonic()
            if sent is None or self._relay.paused:
                self._stop.wait(self._settings.poll_seconds)
            elif not sent:
                self._listener.wait(min(self._relay.patience, self._settings.poll_seconds))

    def _reaper_loop(self) -> None:
        next_reap = 0.0
        while not self._stop.wait(min(self._settings.poll_seconds, self._settings.reap_seconds)):
            self._guarded(lambda: drain_cancelled(self._engine))
            if time.monotonic() >= next_reap:
                self._guarded(lambda: reap_leases(self._engine))
                next_reap = time.monotonic() + self._settings.reap_seconds

    @staticmethod
    def _guarded(cycle: Callable[[], int]) -> int | None:
        try:
            return cycle()
        except SQLAlchemyError:
            log.warning("database_unreachable", exc_info=True)
            return None
        except Exception:
            # A loop that ends would leave every job where it is; the next turn may go well.
            log.exception("cycle_failed")
            return None
