"""The scenarios' own worker, for what real handlers cannot be asked: `dramatiq worker:set_up --path tests/chaos`."""

from __future__ import annotations

import os
import signal
import time

import dramatiq
from sqlalchemy import Connection, text

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
    """Write the payload's rows, piece by piece, each with its checkpoint, and rest before or after each commit."""
    payload = lease.job.payload
    if payload["poison"]:
        os.kill(os.getpid(), signal.SIGKILL)
    done = int((lease.job.checkpoint or {}).get("rows", 0))
    while done < payload["rows"]:
        last = min(done + payload["piece"], payload["rows"])
        with lease.transaction() as transaction:
            _insert(lease, transaction.connection, done + 1, last)
            if payload["inside"]:
                time.sleep(payload["seconds"])
            if last == payload["rows"]:
                transaction.complete()
            else:
                transaction.checkpoint({"rows": last}, processed=last)
        done = last
        if not payload["inside"]:
            time.sleep(payload["seconds"])


def _insert(lease: Lease, connection: Connection, first: int, last: int) -> None:
    subject = {"job": lease.job.ref.job_id, "subject": lease.job.subject.upload(), "attempt": lease.job.attempt}
    connection.execute(_INSERT, {**subject, "first": first, "last": last})


def declare_actors(broker: dramatiq.Broker, runner: JobRunner) -> None:
    declare_actor(broker, runner, JobType.FILE_PROCESSING, write_rows)


def set_up() -> None:
    """Make this process a worker of the scenarios, from its environment."""
    become_worker("chaos", load_or_exit(WorkerSettings), declare_actors)
