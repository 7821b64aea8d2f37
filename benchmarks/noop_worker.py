"""A worker without the engine: an actor that does nothing, on the broker that the engine has."""

from __future__ import annotations

import os

import dramatiq

from benchmarks.stopwatch import Stopwatch
from benchmarks.surroundings import NOOP_ACTOR, NOOP_QUEUE, folder
from mailsift.shared.broker import rabbitmq_broker


def set_up() -> None:
    """Make this process a worker, as Dramatiq's command line expects it."""
    broker = rabbitmq_broker(os.environ["RABBITMQ_URL"])
    broker.add_middleware(Stopwatch(folder()))

    @dramatiq.actor(broker=broker, actor_name=NOOP_ACTOR, queue_name=NOOP_QUEUE)
    def noop(job_id: str, attempt: int) -> None:
        del job_id, attempt

    dramatiq.set_broker(broker)
