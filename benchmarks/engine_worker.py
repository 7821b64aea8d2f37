"""A worker of the engine whose handler does nothing, or waits, and ends its job in one transaction."""

from __future__ import annotations

import dramatiq

from benchmarks.stopwatch import Stopwatch
from benchmarks.surroundings import folder
from mailsift.shared.jobs.actors import declare_actor
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.runner import JobRunner
from mailsift.shared.jobs.worker import become_worker
from mailsift.shared.settings import WorkerSettings, load_or_exit


def set_up() -> None:
    """Make this process a worker, as Dramatiq's command line expects it."""
    become_worker("benchmark", load_or_exit(WorkerSettings), _declare)


def _declare(broker: dramatiq.Broker, runner: JobRunner) -> None:
    watch = Stopwatch(folder())

    def work(lease: Lease) -> None:
        if seconds := lease.job.payload.get("seconds"):
            watch.sleep(seconds)
        with lease.transaction() as transaction:
            transaction.complete()

    broker.add_middleware(watch)
    declare_actor(broker, runner, JobType.EXPORT, work)
