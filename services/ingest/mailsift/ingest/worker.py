"""Wires ingest; what Dramatiq's command line runs: `dramatiq mailsift.ingest.worker:set_up`."""

from __future__ import annotations

import dramatiq

from mailsift.ingest.actors import declare_actors
from mailsift.ingest.batching import BatchLimits
from mailsift.ingest.config import IngestSettings
from mailsift.ingest.handlers import IngestDeps
from mailsift.shared.broker import rabbitmq_broker
from mailsift.shared.jobs.worker import JobWorker
from mailsift.shared.observability.logs import configure_logs
from mailsift.shared.settings import load_or_exit
from mailsift.shared.storage import Storage


def make_deps(settings: IngestSettings) -> IngestDeps:
    """Build what the handlers work with."""
    return IngestDeps(
        Storage(settings.storage_url),
        BatchLimits(rows=settings.batch_rows, seconds=settings.batch_seconds),
    )


def set_up() -> None:
    """Make this process a worker of ingest, from its environment."""
    settings = load_or_exit(IngestSettings)
    configure_logs("ingest", settings.log_level)
    worker = JobWorker(settings, "ingest", settings.worker_threads)
    broker = rabbitmq_broker(settings.rabbitmq_url)
    broker.add_middleware(worker.life)
    declare_actors(broker, worker.runner, make_deps(settings))
    dramatiq.set_broker(broker)
