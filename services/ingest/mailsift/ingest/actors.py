"""Which message runs which handler."""

from __future__ import annotations

from functools import partial

import dramatiq

from mailsift.ingest import handlers
from mailsift.ingest.handlers import IngestDeps
from mailsift.shared.jobs.actors import declare_actor
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.runner import JobRunner


def declare_actors(broker: dramatiq.Broker, runner: JobRunner, deps: IngestDeps) -> None:
    """Declare every actor of ingest."""
    declare_actor(broker, runner, JobType.FILE_PROCESSING, partial(handlers.process_file, deps))
