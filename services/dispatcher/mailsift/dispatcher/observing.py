"""Shows how the queues stand (what is due, runs, has died, and which are paused), and how erasures do."""

from __future__ import annotations

from prometheus_client import Gauge
from sqlalchemy import Engine

from mailsift.dispatcher.repository import deliveries, erasures
from mailsift.shared.jobs.catalog import QUEUES
from mailsift.shared.jobs.repository.inspecting import queue_states
from mailsift.shared.observability.metrics import REGISTRY

JOBS_DUE = Gauge("mailsift_jobs_due", "Jobs that could begin now", ["queue"], registry=REGISTRY)
OLDEST_DUE = Gauge(
    "mailsift_jobs_oldest_due_seconds", "Since when the first of them has been due", ["queue"], registry=REGISTRY
)
OLDEST_UNSENT = Gauge(
    "mailsift_jobs_oldest_unsent_seconds",
    "Since when the first of those has been due whose hint is not out",
    ["queue"],
    registry=REGISTRY,
)
JOBS_RUNNING = Gauge("mailsift_jobs_running", "Jobs that workers hold", ["queue"], registry=REGISTRY)
DEAD_LETTERS = Gauge("mailsift_dead_letters", "Jobs whose retries are used up", ["queue"], registry=REGISTRY)
QUEUE_PAUSED = Gauge("mailsift_queue_paused", "1 while an operator holds the queue back", ["queue"], registry=REGISTRY)
DELIVERIES_DUE = Gauge("mailsift_deliveries_due", "Messages to webhooks that could be sent now", registry=REGISTRY)
OLDEST_DELIVERY = Gauge(
    "mailsift_deliveries_oldest_due_seconds", "Since when the first of them has been due", registry=REGISTRY
)
ERASURES_OPEN = Gauge("mailsift_erasures_open", "Erasures that are not completed", registry=REGISTRY)
OLDEST_ERASURE = Gauge(
    "mailsift_erasures_oldest_open_seconds", "Since when the first of them has been asked for", registry=REGISTRY
)


def observe(engine: Engine) -> None:
    """Look at all queues and at erasures, and show them; every dispatcher shows the same."""
    with engine.begin() as connection:
        states, telling = queue_states(connection, QUEUES), deliveries.state(connection)
        backlog = erasures.backlog(connection)
    for state in states:
        JOBS_DUE.labels(state.queue).set(state.due)
        OLDEST_DUE.labels(state.queue).set(state.oldest_due_seconds or 0)
        OLDEST_UNSENT.labels(state.queue).set(state.oldest_unsent_seconds or 0)
        JOBS_RUNNING.labels(state.queue).set(state.running)
        DEAD_LETTERS.labels(state.queue).set(state.dead_letters)
        QUEUE_PAUSED.labels(state.queue).set(state.paused_since is not None)
    DELIVERIES_DUE.set(telling.due)
    OLDEST_DELIVERY.set(telling.oldest_due_seconds or 0)
    QUEUE_PAUSED.labels(telling.queue).set(telling.paused_since is not None)
    ERASURES_OPEN.set(backlog.open)
    OLDEST_ERASURE.set(backlog.oldest_seconds)
