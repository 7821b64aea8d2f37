"""The scenarios' own worker, for what real handlers cannot be asked: `dramatiq --path tests/chaos worker:set_up`."""

from __future__ import annotations

import os
import signal
import threading

import dramatiq
from sqlalchemy import text

from mailsift.shared.jobs.actors import declare_actor
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.runner import JobRunner
from mailsift.shared.jobs.worker import become_worker
from mailsift.shared.settings import WorkerSettings, load_or_exit

_INSERT = text("""
    INSERT INTO chaos.rows ("jobId", subject, number, attempt)
    SELECT :job, :subject, number, :attempt FROM generate_series(CAST(:first AS bigint), :last) AS number""")


def write_rows(lease: Lease) -> None:
    """Write the payload's rows, piece by piece, each with its checkpoint."""
    payload = lease.job.payload
    if payload["poison"]:
        os.kill(os.getpid(), signal.SIGKILL)
    done = int((lease.job.checkpoint or {}).get("rows", 0))
    while True:
        last = min(done + payload["piece"], payload["rows"])
        with lease.transaction() as transaction:
            transaction.connection.execute(
                _INSERT,
                {
                    "job": lease.job.ref.job_id,
                    "subject": lease.job.subject.upload(),
                    "attempt": lease.job.attempt,
                    "first": done + 1,
                    "last": last,
                },
            )
            if last == payload["rows"]:
                transaction.complete()
                return
            transaction.checkpoint({"rows": last}, processed=last)
        done = last
        threading.Event().wait(payload["seconds"])


def declare_actors(broker: dramatiq.Broker, runner: JobRunner) -> None:
    declare_actor(broker, runner, JobType.FILE_PROCESSING, write_rows)


def set_up() -> None:
    """Make this process a worker of the scenarios, from its environment."""
    become_worker("chaos", load_or_exit(WorkerSettings), declare_actors)
