"""The dispatcher: a relay that wakes with the queue, and chores by the clock."""

from __future__ import annotations

import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from mailsift.dispatcher import metrics
from mailsift.dispatcher.chores import Chore, ChoreLoop
from mailsift.dispatcher.config import DispatcherSettings
from mailsift.dispatcher.deliveries import publish_deliveries, recover_deliveries, tell_progress
from mailsift.dispatcher.erasing import Eraser
from mailsift.dispatcher.observing import observe
from mailsift.dispatcher.publisher import Publisher
from mailsift.dispatcher.reaper import cancel_overdue, drain_cancelled, reap_leases
from mailsift.dispatcher.reconciler import reconcile_parents, settle_followers
from mailsift.dispatcher.relay import Relay
from mailsift.dispatcher.republisher import republish_lost
from mailsift.dispatcher.retention import Retention
from mailsift.dispatcher.schedules import fire_due
from mailsift.shared.db.listener import Listener
from mailsift.shared.db.schema import stand_by
from mailsift.shared.db.session import make_engine
from mailsift.shared.jobs.catalog import DELIVERY_QUEUE
from mailsift.shared.jobs.repository.queueing import DUE_CHANNEL
from mailsift.shared.jobs.retry import Schedule
from mailsift.shared.observability.logs import logger
from mailsift.shared.storage import Storage

log = logger(__name__)

_STALE_SECONDS = 60.0
_LONGEST_SECONDS = 120.0
# What comes due together is chosen and sent together.
_LINGER_SECONDS = 0.005
# One for the relay, one for each loop of chores.
_CONNECTIONS = 6


class Dispatcher:
    """Runs its threads until it is stopped. Several at once are safe; none is the leader."""

    def __init__(self, settings: DispatcherSettings, publisher: Publisher) -> None:
        self._settings = settings
        self._engine = make_engine(
            settings.database_url,
            "mailsift-dispatcher",
            pool_size=_CONNECTIONS,
            statement_timeout_seconds=settings.statement_timeout_seconds,
            idle_in_transaction_seconds=10,
            # Whoever holds a row for longer is left for the next turn: nobody else need wait for it.
            lock_timeout_seconds=2,
        )
        self._listener = Listener(settings.database_url, [DUE_CHANNEL], "mailsift-dispatcher-listener")
        self._relay = Relay(
            self._engine, publisher, cap=settings.dispatch_window, republish_seconds=settings.republish_seconds
        )
        self._stop = threading.Event()
        self._cycled_at = time.monotonic()
        self._began: float | None = None
        self._thread = threading.Thread(target=self._relay_loop, name="relay", daemon=True)
        self._loops = (
            ChoreLoop("recovery", self._recovery(), longest_seconds=120),
            ChoreLoop("upkeep", self._upkeep(), longest_seconds=600),
            ChoreLoop("deliveries", self._deliveries(publisher), longest_seconds=120),
            ChoreLoop("retention", self._retention(), longest_seconds=6 * 3600),
            ChoreLoop("erasures", self._erasures(), longest_seconds=6 * 3600),
        )

    def stand_by(self) -> None:
        """Wait until the database is as this release needs it."""
        stand_by(self._engine, (self._settings.health_host, self._settings.health_port))

    def start(self) -> None:
        """Begin to dispatch."""
        self._thread.start()
        for loop in self._loops:
            loop.start()
        log.info("dispatcher_started")

    def stop(self) -> None:
        """Finish the turns that are under way and let everything go."""
        self._stop.set()
        self._thread.join()
        for loop in self._loops:
            loop.stop()
        self._relay.close()
        self._listener.close()
        self._engine.dispose()
        log.info("dispatcher_stopped")

    @property
    def live(self) -> bool:
        """Whether all loops still turn: only a restart helps one that hangs."""
        began = self._began
        hangs = began is not None and time.monotonic() - began > _LONGEST_SECONDS
        return self._thread.is_alive() and not hangs and all(loop.live for loop in self._loops)

    @property
    def fault(self) -> str | None:
        """What keeps hints from going out; None when the database answers and the broker takes them."""
        if self._relay.paused:
            return "RabbitMQ takes no messages"
        if time.monotonic() - self._cycled_at >= _STALE_SECONDS:
            return "the database does not answer"
        return None

    def _recovery(self) -> list[Chore]:
        settings, engine = self._settings, self._engine
        schedule = Schedule(settings.retry_base_seconds, settings.retry_cap_seconds, settings.retry_jitter_seconds)
        return [
            Chore("cancel_overdue", settings.reap_seconds, lambda: cancel_overdue(engine)),
            Chore("drain_cancelled", settings.poll_seconds, lambda: drain_cancelled(engine)),
            Chore("reap_leases", settings.reap_seconds, lambda: reap_leases(engine, schedule)),
            Chore("republish_lost", settings.reap_seconds, lambda: republish_lost(engine, settings.republish_seconds)),
        ]

    def _upkeep(self) -> list[Chore]:
        settings, engine = self._settings, self._engine
        return [
            Chore("fire_schedules", settings.poll_seconds, lambda: fire_due(engine, operator=settings.scoring_policy)),
            Chore("reconcile_parents", settings.reconcile_seconds, lambda: reconcile_parents(engine)),
            Chore("settle_followers", settings.reconcile_seconds, lambda: settle_followers(engine)),
            Chore("observe", settings.observe_seconds, lambda: observe(engine)),
        ]

    def _deliveries(self, publisher: Publisher) -> list[Chore]:
        settings, engine = self._settings, self._engine
        republish, every = settings.republish_seconds, settings.webhook_progress_seconds
        metrics.HINTS_SENT.labels(DELIVERY_QUEUE)
        return [
            Chore("tell_progress", every, lambda: tell_progress(engine, every)),
            Chore("recover_deliveries", settings.reap_seconds, lambda: recover_deliveries(engine, republish)),
            Chore("publish_deliveries", settings.poll_seconds, lambda: publish_deliveries(engine, publisher)),
        ]

    def _retention(self) -> list[Chore]:
        settings = self._settings
        retention = Retention(self._engine, Storage(settings.storage_url), settings)
        return [Chore("retention", settings.retention_seconds, lambda: retention.turn(self._stop))]

    def _erasures(self) -> list[Chore]:
        settings = self._settings
        eraser = Eraser(self._engine, Storage(settings.storage_url))
        return [Chore("erase", settings.poll_seconds, lambda: eraser.turn(self._stop))]

    def _relay_loop(self) -> None:
        while not self._stop.is_set():
            self._began = time.monotonic()
            sent = self._cycle()
            self._began = None
            if sent is not None:
                self._cycled_at = time.monotonic()
            if sent is None or self._relay.paused:
                self._stop.wait(self._settings.poll_seconds)
            elif not sent:
                self._listener.wait(min(self._relay.patience, self._settings.poll_seconds))
                self._stop.wait(_LINGER_SECONDS)

    def _cycle(self) -> int | None:
        try:
            return self._relay.cycle()
        except SQLAlchemyError:
            log.warning("database_unreachable", exc_info=True)
        except Exception:
            # A loop that ends would leave every job where it is; the next turn may go well.
            log.exception("cycle_failed")
        return None
