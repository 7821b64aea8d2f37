"""Wires the exporter; what Dramatiq's command line runs: `dramatiq mailsift.exporter.worker:set_up`."""

from __future__ import annotations

import sys

import dramatiq

from mailsift.exporter.actors import declare_actors
from mailsift.exporter.config import ExporterSettings
from mailsift.exporter.handlers import ExporterDeps
from mailsift.shared.broker import rabbitmq_broker
from mailsift.shared.jobs.worker import JobWorker
from mailsift.shared.observability.logs import configure_logs
from mailsift.shared.settings import SettingsError, load
from mailsift.shared.storage import Storage


def make_deps(settings: ExporterSettings) -> ExporterDeps:
    """Build what the handlers work with. Raises SettingsError for a storage that cannot be used."""
    try:
        storage = Storage(settings.storage_url, shared=settings.storage_shared)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return ExporterDeps(storage, settings.export_days)


def set_up() -> None:
    """Make this process a worker of the exporter, from its environment; exits with 2 when that is not complete."""
    try:
        settings = load(ExporterSettings)
        deps = make_deps(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    configure_logs("exporter", settings.log_level)
    worker = JobWorker(settings, "exporter", settings.worker_threads)
    broker = rabbitmq_broker(settings.rabbitmq_url)
    broker.add_middleware(worker.life)
    declare_actors(broker, worker.runner, deps)
    dramatiq.set_broker(broker)
