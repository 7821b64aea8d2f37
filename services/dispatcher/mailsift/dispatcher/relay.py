"""Sends hints for due jobs to the broker, within the window, and marks them as sent."""

from __future__ import annotations

import math
import time
import uuid
from collections import Counter
from collections.abc import Sequence

import dramatiq
from sqlalchemy import Engine

from mailsift.dispatcher import metrics, window
from mailsift.dispatcher.publisher import Publisher
from mailsift.shared.jobs.catalog import QUEUES
from mailsift.shared.jobs.repository import dispatching
from mailsift.shared.jobs.repository.dispatching import Hint, Outstanding, Waiter
from mailsift.shared.observability import tracing
from mailsift.shared.observability.logs import logger
from mailsift.shared.observability.tracing import Kind

log = logger(__name__)

_NONE = Outstanding(0, 0.0)
# Workspaces that are looked at in one choice: more of them take turns.
_AT_ONCE = 250


class Relay:
    """Moves due jobs from the table to the broker; any number of relays may run at once."""

    def __init__(self, engine: Engine, publisher: Publisher, *, cap: int, republish_seconds: float = 120) -> None:
        self._engine = engine
        self._publisher = publisher
        self._cap = cap
        self._republish_seconds = republish_seconds
        self._flows = dict.fromkeys(QUEUES, window.Flow())
        self._full: set[str] = set()
        # Where the last look at who waits in a queue was cut off.
        self._behind: dict[str, uuid.UUID] = {}
        for queue in QUEUES:
            metrics.OUTSTANDING.labels(queue)
            metrics.HINTS_SENT.labels(queue)
        self.paused = False

    def cycle(self) -> int:
        """Send what is due and has room; returns how many hints were sent."""
        token = uuid.uuid4()
        hints = self._take(token)
        if not hints:
            return 0
        # Outside the transaction: a slow broker must not hold row locks.
        failed = self._send(hints)
        if failed:
            with self._engine.begin() as connection:
                dispatching.unmark(connection, failed, token)
        self._show_pause(paused=bool(failed))
        return len(hints) - len(failed)

    @property
    def patience(self) -> float:
        """In how many seconds to look again by itself: without end, unless a queue had no room or more wait."""
        if self._behind.keys() - self._full:
            return 0.0
        now = time.monotonic()
        return min((window.patience(self._flows[queue], now) for queue in self._full), default=math.inf)

    def close(self) -> None:
        """Let go of the broker."""
        self._publisher.close()

    def _take(self, token: uuid.UUID) -> Sequence[Hint]:
        with self._engine.begin() as connection:
            if not dispatching.choose_alone(connection):
                return []
            outstanding = dispatching.outstanding(connection)
            slots = {queue: self._room(queue, outstanding.get(queue, _NONE)) for queue in QUEUES}
            self._full = {queue for queue, free in slots.items() if free <= 0}
            free = {queue: free for queue, free in slots.items() if free > 0}
            waiters = dispatching.waiting(connection, free, self._behind, _AT_ONCE) if free else []
            # A queue without room is left where it was.
            left = {queue: last for queue, last in self._behind.items() if queue not in free}
            self._behind = left | _cut_off(waiters)
            return dispatching.take(connection, free, waiters, token) if waiters else []

    def _room(self, queue: str, outstanding: Outstanding) -> int:
        count, oldest = outstanding.count, outstanding.oldest_seconds
        flow = window.look(self._flows[queue], count, oldest, time.monotonic(), self._republish_seconds)
        self._flows[queue] = flow
        most = window.limit(flow, self._cap)
        metrics.OUTSTANDING.labels(queue).set(count)
        metrics.OLDEST_SECONDS.labels(queue).set(oldest)
        metrics.WINDOW.labels(queue).set(most)
        return most - count

    def _send(self, hints: Sequence[Hint]) -> list[Hint]:
        """Publish hints; returns those that the broker may not have."""
        messages, began = [_message(hint) for hint in hints], time.time_ns()
        with metrics.PUBLISH_SECONDS.time():
            unsent = self._publisher.send(messages)
        pairs = list(zip(hints, messages, strict=True))
        failed = [hint for hint, message in pairs if message.message_id in unsent]
        sent = [hint for hint, message in pairs if message.message_id not in unsent]
        for hint in sent:
            tracing.past(f"send {hint.queue}", Kind.MESSAGE_OUT, hint.trace_context, began, queue=hint.queue)
        for queue, count in Counter(hint.queue for hint in sent).items():
            self._flows[queue] = window.sent(self._flows[queue], count)
            metrics.HINTS_SENT.labels(queue).inc(count)
        if failed:
            # The jobs keep their retries: the broker is at fault.
            metrics.PUBLISH_FAILURES.inc(len(failed))
            log.warning("hints_not_sent", hints=len(failed), queues=sorted({hint.queue for hint in failed}))
        return failed

    def _show_pause(self, *, paused: bool) -> None:
        if paused != self.paused:
            log.warning("broker_unreachable" if paused else "broker_reachable_again")
        self.paused = paused
        metrics.PAUSED.set(int(paused))


def _cut_off(waiters: Sequence[Waiter]) -> dict[str, uuid.UUID]:
    counts = Counter(waiter.queue for waiter in waiters)
    last = {waiter.queue: waiter.workspace_id for waiter in waiters}
    return {queue: last[queue] for queue, count in counts.items() if count == _AT_ONCE}


def _message(hint: Hint) -> dramatiq.Message[None]:
    return dramatiq.Message(
        queue_name=hint.queue,
        actor_name=hint.job_type,
        args=(),
        kwargs={"job_id": str(hint.job_id), "attempt": hint.attempt},
        options={},
    )
