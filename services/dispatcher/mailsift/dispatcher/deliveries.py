"""Sends hints for what webhooks are to be told, and takes back what was lost on the way."""

from __future__ import annotations

import dramatiq
from sqlalchemy import Connection, Engine

from mailsift.dispatcher import metrics
from mailsift.dispatcher.publisher import Publisher
from mailsift.dispatcher.repository import deliveries
from mailsift.dispatcher.repository.deliveries import DeliveryHint
from mailsift.shared.jobs.catalog import DELIVERY_ACTOR, DELIVERY_QUEUE
from mailsift.shared.jobs.repository import outbox
from mailsift.shared.observability.logs import logger

log = logger(__name__)

# A hint that lies in the broker delays nobody: what is sent is slow to be worked off, not to be chosen.
WINDOW = 100
# So that one which answers slowly holds up no other.
OF_EACH = 4
_BATCH = 1000
# As often as a job whose workers die: it ends, and whoever looks at the log of the webhook finds out.
MOST_WORKERS_LOST = 5
_PAUSE_SECONDS = 30


def publish_deliveries(engine: Engine, publisher: Publisher) -> int:
    """Send hints for what is due and has room; returns how many the broker took."""
    with engine.begin() as connection:
        free = WINDOW - _outstanding(connection)
        hints = deliveries.take(connection, free, OF_EACH) if free > 0 else []
    if not hints:
        return 0
    # Outside the transaction: a slow broker must not hold row locks.
    messages = {hint: _message(hint) for hint in hints}
    unsent = publisher.send(list(messages.values()))
    failed = [hint for hint, message in messages.items() if message.message_id in unsent]
    if failed:
        with engine.begin() as connection:
            deliveries.unmark(connection, failed)
        metrics.PUBLISH_FAILURES.inc(len(failed))
    metrics.HINTS_SENT.labels(DELIVERY_QUEUE).inc(len(hints) - len(failed))
    return len(hints) - len(failed)


def _outstanding(connection: Connection) -> int:
    out = deliveries.outstanding(connection)
    metrics.OUTSTANDING.labels(DELIVERY_QUEUE).set(out.count)
    metrics.OLDEST_SECONDS.labels(DELIVERY_QUEUE).set(out.oldest_seconds)
    metrics.WINDOW.labels(DELIVERY_QUEUE).set(WINDOW)
    return out.count


def recover_deliveries(engine: Engine, after_seconds: float) -> int:
    """Let what was lost be sent again: hints that nobody claimed, and messages whose worker fell silent."""
    with engine.begin() as connection:
        hints = deliveries.republish(connection, after_seconds, _BATCH)
        silent = deliveries.reap(connection, _BATCH, MOST_WORKERS_LOST, _PAUSE_SECONDS)
    if hints:
        metrics.HINTS_LOST.inc(hints)
    if hints or silent:
        log.warning("deliveries_lost", hints=hints, silent=silent)
    return hints + silent


def tell_progress(engine: Engine, every_seconds: float) -> int:
    """Tell webhooks how far analyses are; returns how many messages that makes."""
    with engine.begin() as connection:
        return outbox.tell_progress(connection, every_seconds)


def _message(hint: DeliveryHint) -> dramatiq.Message[None]:
    return dramatiq.Message(
        queue_name=DELIVERY_QUEUE,
        actor_name=DELIVERY_ACTOR,
        args=(),
        kwargs={"delivery_id": str(hint.delivery_id), "attempt": hint.attempt},
        options={},
    )
