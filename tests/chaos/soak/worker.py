"""Ingest as it is deployed, which also runs the row jobs of the scenarios: `dramatiq chaos.soak.worker:set_up`."""

from __future__ import annotations

from functools import partial

import dramatiq

from chaos.worker import write_rows
from mailsift.ingest.config import IngestSettings
from mailsift.ingest.handlers import IngestDeps, process_file
from mailsift.ingest.worker import make_deps
from mailsift.shared.jobs.actors import declare_actor
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.runner import JobRunner
from mailsift.shared.jobs.worker import become_worker
from mailsift.shared.settings import load_or_exit


def process(deps: IngestDeps, lease: Lease) -> None:
    """Load a list, or write rows: the two have their type and their queue in common."""
    if "rows" in lease.job.payload:
        write_rows(lease)
    else:
        process_file(deps, lease)


def declare_actors(broker: dramatiq.Broker, runner: JobRunner, deps: IngestDeps) -> None:
    declare_actor(broker, runner, JobType.FILE_PROCESSING, partial(process, deps))


def set_up() -> None:
    """Make this process a worker of a soak, from its environment."""
    settings = load_or_exit(IngestSettings)
    become_worker("ingest", settings, partial(declare_actors, deps=make_deps(settings)))
