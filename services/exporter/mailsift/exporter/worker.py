"""Wires the exporter; what Dramatiq's command line runs: `dramatiq mailsift.exporter.worker:set_up`."""

from __future__ import annotations

from functools import partial

from mailsift.exporter.actors import declare_actors
from mailsift.exporter.config import ExporterSettings
from mailsift.exporter.handlers import ExporterDeps
from mailsift.shared.jobs.worker import become_worker
from mailsift.shared.settings import load_or_exit
from mailsift.shared.storage import Storage


def make_deps(settings: ExporterSettings) -> ExporterDeps:
    """Build what the handlers work with."""
    return ExporterDeps(Storage(settings.storage_url), settings.retain_export_days, settings.max_export_bytes)


def set_up() -> None:
    """Make this process a worker of the exporter, from its environment."""
    settings = load_or_exit(ExporterSettings)
    become_worker("exporter", settings, partial(declare_actors, deps=make_deps(settings)))
