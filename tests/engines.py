"""The engine's parties around one job, each with its own role, and the handlers that tests run."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, text

from factories import Tenant
from mailsift.dispatcher.reaper import reap_leases
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.announcer import Announcer
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.heartbeat import Heartbeat
from mailsift.shared.jobs.job import Child
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.repository import queueing
from mailsift.shared.jobs.repository.claiming import Waiting
from mailsift.shared.jobs.retry import Schedule
from mailsift.shared.jobs.runner import JobRunner
from mailsift.shared.jobs.states import JobStatus

Row = dict[str, Any]

SCHEDULE = Schedule(base=60, cap=3600, jitter=0)


class Engines:
    """The parties around one job."""

    def __init__(self, worker: Engine, dispatcher: Engine, api: Engine, tenant: Tenant, job_id: uuid.UUID) -> None:
        self.worker, self.dispatcher, self.api, self.tenant, self.job_id = worker, dispatcher, api, tenant, job_id
        self.heartbeat = Heartbeat(worker, lease_seconds=60, heartbeat_seconds=20, progress_seconds=60)
        self.runner = JobRunner(worker, self.heartbeat, Announcer(worker), 60, SCHEDULE)

    def row(self, job_id: uuid.UUID | None = None) -> Row:
        with self.worker.begin() as connection:
            found = connection.execute(
                text('SELECT * FROM "jobQueue" WHERE "jobId" = :id'), {"id": job_id or self.job_id}
            )
            return dict(found.mappings().one())

    def children(self) -> list[Row]:
        with self.worker.begin() as connection:
            found = connection.execute(
                text('SELECT * FROM "jobQueue" WHERE "parentJobId" = :id ORDER BY "childKey"'), {"id": self.job_id}
            )
            return [dict(row) for row in found.mappings()]

    def subject_status(self) -> str:
        with self.worker.begin() as connection:
            return str(connection.scalar(text("SELECT status FROM analyses")))

    def run(self, handler: Callable[[Lease], None], job_id: uuid.UUID | None = None) -> Row:
        job = job_id or self.job_id
        self.runner.run(str(job), self.row(job)["attempt"], handler)
        return self.row(job)

    def expire(self) -> None:
        with self.worker.begin() as connection:
            connection.execute(
                text("""UPDATE "jobQueue" SET "leaseUntil" = now() - interval '1 second'
                                       WHERE "leaseToken" IS NOT NULL""")
            )

    def reap(self) -> int:
        return reap_leases(self.dispatcher, SCHEDULE)

    def cancel(self) -> JobStatus | None:
        with tenant_transaction(self.api, self.tenant.workspace_id) as connection:
            return queueing.request_cancel(connection, self.job_id)

    def retry(self) -> bool:
        with tenant_transaction(self.api, self.tenant.workspace_id) as connection:
            return queueing.retry(connection, self.job_id)


def waiting_for_locks(engine: Engine) -> int:
    """How many of this database's connections wait for a lock; asked anew, for a transaction sees one list of them."""
    with engine.begin() as connection:
        waiting = text("""SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
                          WHERE NOT granted AND datname = current_database()""")
        return int(connection.scalar(waiting) or 0)


def done(lease: Lease) -> None:
    with lease.transaction() as transaction:
        transaction.complete({"rows": 1})


def split(count: int) -> Callable[[Lease], None]:
    def handler(lease: Lease) -> None:
        children = [Child(JobType.EMAIL_SCORING, f"score-{n}", {"n": n}, 10) for n in range(count)]
        with lease.transaction() as transaction:
            transaction.wait_for(children, Waiting("scoring", 50, 100, 10 * count, {"phase": "finish"}))

    return handler


def fail(error: Exception) -> Callable[[Lease], None]:
    def handler(_lease: Lease) -> None:
        raise error

    return handler
