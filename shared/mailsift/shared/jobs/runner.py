"""What every actor runs inside: claim, keep alive, run the handler, and end the attempt whatever happened."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from mailsift.shared.db.session import by_itself
from mailsift.shared.errors import JobCancelled, LeaseLost, MailsiftError, Reschedule, ShuttingDown
from mailsift.shared.jobs.announcer import Announcer
from mailsift.shared.jobs.catalog import ROUTES, JobType
from mailsift.shared.jobs.heartbeat import Heartbeat
from mailsift.shared.jobs.job import ClaimedJob
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.repository import claiming
from mailsift.shared.jobs.retry import CANCELLED, HANDED_BACK, Ending, Schedule, decide
from mailsift.shared.jobs.states import JobStatus
from mailsift.shared.observability import metrics, tracing
from mailsift.shared.observability.logs import logger
from mailsift.shared.observability.tracing import Kind, Span

Handler = Callable[[Lease], None]

log = logger(__name__)

OUTCOMES = (
    "completed",
    "waiting",
    "pending",
    "retried",
    "failed",
    "dead_letter",
    "cancelled",
    "lease_lost",
    "abandoned",
)
"""How an attempt ends: in a state of its job, or `waiting` for children, `retried` later, or without a word."""

_PAUSES_SECONDS = (0.2, 0.5, 1, 2, 4, 8)
# So long may a thread insist.
_LONGEST_SECONDS = 60.0


def worker_id() -> str:
    """Name this process for people who look for it."""
    return f"{socket.gethostname()}:{os.getpid()}"


class JobRunner:
    """Runs handlers for the jobs that messages name."""

    def __init__(
        self, engine: Engine, heartbeat: Heartbeat, announcer: Announcer, lease_seconds: float, schedule: Schedule
    ) -> None:
        self.stopping = threading.Event()
        self.engine = engine
        self._heartbeat = heartbeat
        self._announcer = announcer
        self._lease_seconds = lease_seconds
        self._schedule = schedule
        self._asking: dict[int, float] = {}

    @property
    def responsive(self) -> bool:
        """Whether no thread has been asking the database for a job, or telling it of an end, for longer than a lease.

        No time limit ends that: on a path where nobody answers, and nothing breaks, a thread waits for ever.
        """
        longest = max(self._lease_seconds, _LONGEST_SECONDS)
        return all(time.monotonic() - began < longest for began in list(self._asking.values()))

    @contextmanager
    def _noting_that_it_asks(self) -> Iterator[None]:
        thread = threading.get_ident()
        self._asking[thread] = time.monotonic()
        try:
            yield
        finally:
            del self._asking[thread]

    @staticmethod
    def prepare(job_type: JobType) -> None:
        """Show what is counted of a type from the start: a first failure is then a change like any other."""
        metrics.JOBS_STARTED.labels(job_type)
        metrics.JOB_WAIT_SECONDS.labels(job_type)
        metrics.JOB_RUN_SECONDS.labels(job_type)
        for outcome in OUTCOMES:
            metrics.JOBS_ENDED.labels(job_type, outcome)

    def run(self, job_id: str, attempt: int, handler: Handler) -> None:
        """Run `handler` for one attempt of a job, unless that attempt was taken.

        It never raises for what a handler did: the outcome is in the row. A message is only a nudge, so one that cannot
        be followed now is dropped, and the dispatcher sends it again.
        """
        try:
            with ExitStack() as stack:
                with self._noting_that_it_asks():
                    connection = stack.enter_context(self._connect())
                    job = self._claim(connection, uuid.UUID(job_id), attempt)
                if job is None:
                    metrics.CLAIMS_REFUSED.inc()
                    return
                span = stack.enter_context(_told(job))
                lease = Lease(_below(job, span), connection, self._lease_seconds, self.stopping)
                self._attempt(lease, handler, span)
                self._announcer.ended(job.root_id)
        except SQLAlchemyError:
            log.warning("job_not_followed", job_id=job_id, exc_info=True)

    def _connect(self) -> Connection:
        """Insist a little: a server that restarts is back in seconds, a message that is dropped in minutes."""
        for pause in _PAUSES_SECONDS:
            with suppress(OperationalError):
                return self.engine.connect()
            if self.stopping.wait(pause):
                break
        return self.engine.connect()

    def _claim(self, connection: Connection, job_id: uuid.UUID, attempt: int) -> ClaimedJob | None:
        with by_itself(connection):
            return claiming.claim(connection, job_id, attempt, worker_id(), self._lease_seconds)

    def _attempt(self, lease: Lease, handler: Handler, span: Span) -> None:
        job = lease.job
        metrics.JOBS_STARTED.labels(job.job_type).inc()
        metrics.JOB_WAIT_SECONDS.labels(job.job_type).observe(job.waited_seconds)
        started = time.monotonic()
        with structlog.contextvars.bound_contextvars(
            job_id=str(job.ref.job_id), job_type=job.job_type.value, attempt=job.attempt, trace_id=job.trace_id
        ):
            self._heartbeat.add(lease)
            try:
                outcome = self._outcome(lease, handler, span)
            finally:
                self._heartbeat.remove(lease)
            seconds = time.monotonic() - started
            metrics.JOBS_ENDED.labels(job.job_type, outcome).inc()
            metrics.JOB_RUN_SECONDS.labels(job.job_type).observe(seconds)
            span.note(outcome=outcome)
            log.info("job_attempt_ended", outcome=outcome, seconds=round(seconds, 3))

    def _outcome(self, lease: Lease, handler: Handler, span: Span) -> str:
        try:
            handler(lease)
        except LeaseLost:
            metrics.WRITES_FENCED.inc()
            span.fail("lease_lost")
            return "lease_lost"
        except JobCancelled:
            return self._release(lease, CANCELLED)
        except ShuttingDown:
            return self._release(lease, HANDED_BACK)
        except Reschedule as wait:
            ending = Ending(JobStatus.PENDING, f"rescheduled: {wait.reason}", delay=wait.delay_seconds)
            return self._release(lease, ending)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises ends its attempt
            return self._failed(lease, error, span)
        return lease.outcome or self._failed(lease, RuntimeError("the handler did not end its job"), span)

    def _failed(self, lease: Lease, error: Exception, span: Span) -> str:
        if lease.outcome is not None:
            # The job's end is committed; whatever its handler stumbled over afterwards does not change that.
            log.warning("handler_failed_after_its_job_ended", exc_info=error)
            return lease.outcome
        job = lease.job
        ending = decide(error, job.retry_count, job.max_retries, self._schedule, secrets.SystemRandom().random())
        span.fail(ending.code or ending.cause)
        # What we did not foresee is logged with its trace; a user's bad input is no news for the operator.
        foreseen = isinstance(error, MailsiftError)
        log.warning("job_attempt_failed", code=ending.code, exc_info=None if foreseen else error)
        lease.log("error", ending.message or "", code=ending.code)
        return self._release(lease, ending)

    def _release(self, lease: Lease, ending: Ending) -> str:
        job = lease.job
        # The job's own connection may be dead, or in a transaction that failed.
        lease.give_connection_back(sound=not ending.failed)
        try:
            with self._noting_that_it_asks(), self._connect() as connection, connection.begin():
                if lines := lease.pending_log():
                    # A line that cannot be written, such as one with a NUL, must not keep the attempt from ending.
                    with suppress(SQLAlchemyError, ValueError), connection.begin_nested():
                        claiming.write_log(connection, job, lines)
                status = claiming.release(connection, job.ref, ending)
        except LeaseLost:
            metrics.WRITES_FENCED.inc()
            return "lease_lost"
        except SQLAlchemyError:
            log.warning("job_end_not_written", exc_info=True)
            return "abandoned"
        return "retried" if status is JobStatus.PENDING and ending.failed else status.value


def _told(job: ClaimedJob) -> Span:
    """Begin the span of an attempt: each of a job stands below the request, or the parent, that it was queued by."""
    return tracing.span(
        f"run {job.job_type}",
        Kind.MESSAGE_IN,
        job.trace_context,
        job.follows,
        job_id=str(job.ref.job_id),
        job_type=job.job_type.value,
        queue=ROUTES[job.job_type].queue,
        workspace_id=str(job.workspace_id),
        attempt=job.attempt,
        waited_seconds=job.waited_seconds,
    )


def _below(job: ClaimedJob, span: Span) -> ClaimedJob:
    """Let what a job sets going stand below this attempt, if that is told of."""
    here = span.context
    return job if here is None else replace(job, trace_id=here.trace_id, trace_context=str(here))
