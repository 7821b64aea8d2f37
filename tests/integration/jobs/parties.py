"""Users, dispatchers and any number of workers around one queue, each with the role of its service."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from factories import Tenant, make_analysis, make_export, make_upload
from integration.jobs.records import JobRow
from mailsift.dispatcher.reaper import drain_cancelled, reap_leases
from mailsift.dispatcher.reconciler import reconcile_parents, settle_followers
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.announcer import Announcer
from mailsift.shared.jobs.catalog import QUEUES, JobType
from mailsift.shared.jobs.heartbeat import Heartbeat
from mailsift.shared.jobs.job import Child, ClaimedJob, NewJob, Subject
from mailsift.shared.jobs.lease import JobTransaction, Lease
from mailsift.shared.jobs.repository import (
    claiming,
    dispatching,
    operating,
    queueing,
    recovering,
    requesting,
    retaining,
)
from mailsift.shared.jobs.repository.claiming import Waiting
from mailsift.shared.jobs.repository.dispatching import Hint
from mailsift.shared.jobs.retry import Ending, Schedule, decide
from mailsift.shared.jobs.runner import JobRunner
from mailsift.shared.jobs.states import JobStatus

LEASE_SECONDS = 3600.0
MOST_PHASES = 2
ROOT_TYPES = (JobType.FILE_PROCESSING, JobType.ADVANCED_ANALYSIS, JobType.EXPORT)
# Longer than any example takes.
_SCHEDULE = Schedule(base=3600, cap=3600, jitter=0)

# One retry or none instead of five, so that sequences of some forty steps see dead letters.
_FOUNDATION = """
    CREATE TABLE results ("jobId" uuid NOT NULL, attempt integer NOT NULL);
    GRANT SELECT, INSERT ON results TO mailsift_worker;
    CREATE FUNCTION few_retries() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW."maxRetries" := NEW.priority % 2; RETURN NEW; END $$;
    CREATE TRIGGER few_retries BEFORE INSERT ON "jobQueue" FOR EACH ROW EXECUTE FUNCTION few_retries()"""

# A few rows are deleted sooner than as many tables and indexes are truncated.
_CLEAN = text("""
    WITH gone AS (DELETE FROM "jobQueue"), free AS (DELETE FROM "pausedQueues"), empty AS (DELETE FROM results),
        lists AS (DELETE FROM uploads), files AS (DELETE FROM exports)
    DELETE FROM analyses""")

_TIME_PASSES = text("""
    UPDATE "jobQueue" SET "dueAt" = "dueAt" - interval '1 day', "scheduledFor" = "scheduledFor" - interval '1 day'
    WHERE status = 'pending' OR "scheduledFor" IS NOT NULL""")


@dataclass(slots=True)
class Holder:
    """A worker at work on one attempt, on the connection that the claim recorded."""

    job: ClaimedJob
    connection: Connection
    lease: Lease
    # False when its clock makes it believe that its lease has run out.
    trusting: bool = True

    @property
    def phase(self) -> int:
        """How many times the job has waited for children."""
        return int((self.job.checkpoint or {}).get("phase", 0))

    @property
    def may_plan(self) -> bool:
        return self.job.parent_job_id is None and self.phase < MOST_PHASES

    def leave(self) -> None:
        """End as a process does that is killed: without a word."""
        self.connection.invalidate()
        self.connection.close()


class Parties:
    """Acts of all parties, each a transaction or a chore of its own."""

    def __init__(self, owner: Engine, api: Engine, worker: Engine, dispatcher: Engine, tenant: Tenant) -> None:
        self.api, self.worker, self.dispatcher, self.tenant = api, worker, dispatcher, tenant
        self.clock = owner.connect().execution_options(isolation_level="AUTOCOMMIT")
        self.clock.execute(text(_FOUNDATION))
        self._heartbeat = Heartbeat(worker, lease_seconds=LEASE_SECONDS, heartbeat_seconds=1, progress_seconds=1)
        self._runner = JobRunner(worker, self._heartbeat, Announcer(worker), LEASE_SECONDS, _SCHEDULE)
        self._roots = 0

    def clean(self) -> None:
        """Forget all jobs."""
        self.clock.execute(_CLEAN)
        self._roots = 0

    # Users.

    def enqueue(self, job_type: JobType, priority: int, after: uuid.UUID | None, hours: int) -> uuid.UUID:
        now = dt.datetime.now(dt.UTC)
        with tenant_transaction(self.api, self.tenant.workspace_id) as connection:
            new = NewJob(
                job_type=job_type,
                workspace_id=self.tenant.workspace_id,
                user_id=self.tenant.user_id,
                subject=self._subject(connection, job_type),
                trace_id=f"{self._roots:03}",
                priority=priority,
                scheduled_for=now + dt.timedelta(hours=hours) if hours else None,
                after_job_id=after,
            )
            job_id = queueing.enqueue(connection, new)
        self._roots += 1
        return job_id

    def _subject(self, connection: Connection, job_type: JobType) -> Subject:
        if job_type is JobType.FILE_PROCESSING:
            return Subject(upload_id=make_upload(connection, self.tenant))
        analysis_id = make_analysis(connection, self.tenant, None)
        if job_type is JobType.EXPORT:
            return Subject(export_id=make_export(connection, self.tenant, analysis_id))
        return Subject(analysis_id=analysis_id)

    def cancel(self, job_id: uuid.UUID) -> JobStatus | None:
        with tenant_transaction(self.api, self.tenant.workspace_id) as connection:
            return queueing.request_cancel(connection, job_id)

    def retry(self, job_id: uuid.UUID) -> bool:
        with tenant_transaction(self.api, self.tenant.workspace_id) as connection:
            return queueing.retry(connection, job_id)

    def delete(self, job_id: uuid.UUID) -> bool:
        with tenant_transaction(self.api, self.tenant.workspace_id) as connection:
            return requesting.mark_deleted(connection, job_id)

    # Dispatchers and their operator.

    def take(self, token: uuid.UUID) -> list[Hint]:
        with self.dispatcher.begin() as connection:
            assert dispatching.choose_alone(connection)
            waiters = dispatching.waiting(connection, QUEUES, {})
            return dispatching.take(connection, dict.fromkeys(QUEUES, 100), waiters, token)

    def unmark(self, hints: Sequence[Hint], token: uuid.UUID) -> None:
        with self.dispatcher.begin() as connection:
            dispatching.unmark(connection, hints, token)

    def republish(self) -> int:
        with self.dispatcher.begin() as connection:
            return recovering.republish(connection, 0)

    def pause(self, queue: str) -> bool:
        with self.dispatcher.begin() as connection:
            return operating.pause(connection, queue, "tests")

    def resume(self, queue: str) -> bool:
        with self.dispatcher.begin() as connection:
            return operating.resume(connection, queue)

    def redrive(self, job_id: uuid.UUID) -> bool:
        with self.dispatcher.begin() as connection:
            return operating.redrive(connection, job_id)

    def reap(self) -> int:
        return reap_leases(self.dispatcher, _SCHEDULE)

    def drain(self) -> int:
        return drain_cancelled(self.dispatcher)

    def mend(self) -> int:
        return reconcile_parents(self.dispatcher) + settle_followers(self.dispatcher)

    def clear_away(self) -> int:
        with self.dispatcher.begin() as connection:
            return retaining.drain_deleted(connection, 0, 1000)

    # Workers.

    def claim(self, job_id: uuid.UUID, attempt: int) -> Holder | None:
        connection = self.worker.connect()
        job = self._runner._claim(connection, job_id, attempt)
        if job is None:
            connection.close()
            return None
        return Holder(job, connection, Lease(job, connection, LEASE_SECONDS, threading.Event()))

    def release(self, job: ClaimedJob, ending: Ending) -> JobStatus:
        with self.worker.begin() as connection:
            return claiming.release(connection, job.ref, ending)

    def fail(self, job: ClaimedJob, error: Exception) -> JobStatus:
        return self.release(job, decide(error, job.retry_count, job.max_retries, _SCHEDULE, 0))

    def beat(self, holders: Sequence[Holder], seconds_off: float) -> None:
        """Renew the leases of a process whose clock is so far off."""
        for holder in holders:
            self._heartbeat.add(holder.lease)
        self._heartbeat.beat(time.monotonic() + seconds_off, extend=True)
        for holder in holders:
            self._heartbeat.remove(holder.lease)

    def rise(self, job: ClaimedJob) -> Holder:
        """Let a worker that lost its lease go on, on a connection that nobody ended, and believing in its lease."""
        connection = self.worker.connect()
        return Holder(job, connection, Lease(job, connection, 1e9, threading.Event()))

    def void_all_leases(self) -> int:
        with self.worker.begin() as connection:
            return recovering.void_all_leases(connection)

    # The clock of the database.

    def time_passes(self) -> None:
        """Let what is due within a day be due."""
        self.clock.execute(_TIME_PASSES)

    def move_lease(self, job: JobRow, seconds: float) -> None:
        """Let a lease run out so many seconds from now."""
        self.clock.execute(
            text("""UPDATE "jobQueue" SET "leaseUntil" = clock_timestamp() + make_interval(secs => :seconds)
                    WHERE "leaseToken" = :token"""),
            {"seconds": seconds, "token": job.token},
        )

    def overrun(self, job: JobRow) -> None:
        """Let a run be longer than it may."""
        self.clock.execute(
            text("""UPDATE "jobQueue" SET "attemptStartedAt" = clock_timestamp()
                        - make_interval(secs => "maxRuntimeSeconds" + 1) WHERE "leaseToken" = :token"""),
            {"token": job.token},
        )


def write_result(transaction: JobTransaction, job: ClaimedJob) -> None:
    """Write what the job is for: one row."""
    row = {"job_id": job.ref.job_id, "attempt": job.attempt}
    transaction.connection.execute(text('INSERT INTO results ("jobId", attempt) VALUES (:job_id, :attempt)'), row)


def complete(transaction: JobTransaction, job: ClaimedJob) -> None:
    """Write the result and end the job with it."""
    write_result(transaction, job)
    transaction.complete({"rows": 1})


def plan(transaction: JobTransaction, phase: int, counts: Mapping[JobType, int]) -> None:
    """Plan the next phase of a job, with so many children of each type."""
    children = [
        Child(job_type, f"{phase}-{job_type.value}-{number}", {}, total_items=10)
        for job_type, count in counts.items()
        for number in range(count)
    ]
    waiting = Waiting(f"phase {phase}", 40 * phase, 40 * phase + 40, 10 * len(children), {"phase": phase + 1})
    transaction.wait_for(children, waiting)
