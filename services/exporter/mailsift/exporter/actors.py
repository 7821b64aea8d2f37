"""Which message runs which handler."""

from __future__ import annotations

import uuid
from functools import partial

import dramatiq
from sqlalchemy import Engine

from mailsift.exporter import handlers
from mailsift.exporter.delivering import Courier, deliver
from mailsift.exporter.handlers import ExporterDeps
from mailsift.shared.jobs.actors import declare_actor
from mailsift.shared.jobs.catalog import DELIVERY_ACTOR, DELIVERY_QUEUE, JobType
from mailsift.shared.jobs.runner import JobRunner


def declare_actors(broker: dramatiq.Broker, runner: JobRunner, deps: ExporterDeps) -> None:
    """Declare every actor of the exporter."""
    declare_actor(broker, runner, JobType.EXPORT, partial(handlers.export, deps))
    _declare_deliveries(broker, runner.engine, deps.courier)


def _declare_deliveries(broker: dramatiq.Broker, engine: Engine, courier: Courier) -> None:
    """Let hints about what webhooks are to be told be followed: these are no jobs, and have no lease to keep alive."""

    @dramatiq.actor(broker=broker, actor_name=DELIVERY_ACTOR, queue_name=DELIVERY_QUEUE)
    def run(delivery_id: str, attempt: int) -> None:
        deliver(courier, engine, uuid.UUID(delivery_id), attempt)
