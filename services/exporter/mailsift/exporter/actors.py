"""Which message runs which handler."""

from __future__ import annotations

from functools import partial

import dramatiq

from mailsift.exporter import handlers
from mailsift.exporter.handlers import ExporterDeps
from mailsift.shared.jobs.actors import declare_actor
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.runner import JobRunner


def declare_actors(broker: dramatiq.Broker, runner: JobRunner, deps: ExporterDeps) -> None:
    """Declare every actor of the exporter."""
    declare_actor(broker, runner, JobType.EXPORT, partial(handlers.export, deps))
