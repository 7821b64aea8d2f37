"""Sends hints for due jobs to the broker, within the window, and marks them as sent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import dramatiq
import pika.exceptions
from dramatiq.errors import DramatiqError
from sqlalchemy import Engine

from mailsift.dispatcher import metrics
from mailsift.dispatcher.window import free_slots
from mailsift.shared.jobs.catalog import QUEUES
from mailsift.shared.jobs.repository import dispatching
from mailsift.shared.jobs.repository.dispatching import Hint
from mailsift.shared.observability.logs import logger

log = logger(__name__)


class Relay:
    """Moves due jobs from the table to the broker; any number of relays may run at once."""

    def __init__(
        self, engine: Engine, broker: dramatiq.Broker, *, window: int, republish_seconds: float, publishers: int
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._window = window
        self._republish_seconds = republish_seconds
        self._publishers = ThreadPoolExecutor(publishers, thread_name_prefix="publisher")
        for queue in QUEUES:
            broker.declare_queue(queue)
            metrics.WINDOW.labels(queue)
            metrics.HINTS_SENT.labels(queue)
        self.paused = False
        self.full = False

    def cycle(self) -> int:
        """Send what is due and has room; returns how many hints were sent."""
        token = uuid.uuid4()
        hints = self._take(token)
        if not hints:
            return 0
        # Outside the transaction: a slow broker must not hold row locks.
        refused: set[str] = set()
        outcomes = self._publishers.map(lambda hint: self._publish(hint, refused), hints)
        failed = [hint for hint, sent in zip(hints, outcomes, strict=True) if not sent]
        if failed:
            with self._engine.begin() as connection:
                dispatching.unmark(connection, failed, token)
        self._show_pause(paused=bool(failed))
        return len(hints) - len(failed)

    def close(self) -> None:
        """End the publisher threads and their connections."""
        self._publishers.shutdown()
        self._broker.close()

    def _take(self, token: uuid.UUID) -> Sequence[Hint]:
        with self._engine.begin() as connection:
            outstanding = dispatching.outstanding(connection, self._republish_seconds)
            for queue in QUEUES:
                metrics.WINDOW.labels(queue).set(outstanding.get(queue, 0))
            slots = free_slots(QUEUES, outstanding, self._window)
            self.full = len(slots) < len(QUEUES)
            return [
                hint
                for queue, free in slots.items()
                for hint in dispatching.take(connection, queue, free, token, self._republish_seconds)
            ]

    def _publish(self, hint: Hint, refused: set[str]) -> bool:
        """Send one hint; a queue that would not take one gets no more in this cycle: each would wait as long."""
        if hint.queue in refused:
            return False
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=hint.queue,
            actor_name=hint.job_type,
            args=(),
            kwargs={"job_id": str(hint.job_id), "attempt": hint.attempt},
            options={},
        )
        try:
            self._broker.enqueue(message)
        except (DramatiqError, pika.exceptions.AMQPError, OSError) as error:
            # The job keeps its retries: the broker is at fault, not the job.
            refused.add(hint.queue)
            metrics.PUBLISH_FAILURES.inc()
            log.warning("hint_not_sent", queue=hint.queue, job_id=str(hint.job_id), error=type(error).__name__)
            return False
        metrics.HINTS_SENT.labels(hint.queue).inc()
        return True

    def _show_pause(self, *, paused: bool) -> None:
        if paused != self.paused:
            log.warning("broker_unreachable" if paused else "broker_reachable_again")
        self.paused = paused
        metrics.PAUSED.set(int(paused))
