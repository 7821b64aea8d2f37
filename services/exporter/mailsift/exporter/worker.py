"""Wires the exporter; what Dramatiq's command line runs: `dramatiq mailsift.exporter.worker:set_up`."""

from __future__ import annotations

import dramatiq

from mailsift.exporter.actors import declare_actors
from mailsift.exporter.config import ExporterSettings
from mailsift.exporter.handlers import ExporterDeps
from mailsift.shared.broker import rabbitmq_broker
from mailsift.shared.jobs.worker import JobWorker
from mailsift.shared.observability.logs import configure_logs
from mailsift.shared.settings import load_or_exit
from mailsift.shared.storage import Storage


def make_deps(settings: ExporterSettings) -> ExporterDeps:
    """Build what the handlers work with."""
    return ExporterDeps(Storage(settings.storage_url), settings.export_days, settings.max_export_bytes)


def set_up() -> None:
    """Make this process a worker of the exporter, from its environment."""
    settings = load_or_exit(ExporterSettings)
    configure_logs("exporter", settings.log_level)
    worker = JobWorker(settings, "exporter", settings.worker_threads)
    broker = rabbitmq_broker(settings.rabbitmq_url)
    broker.add_middleware(worker.life)
    declare_actors(broker, worker.runner, make_deps(settings))
    dramatiq.set_broker(broker)
