"""Takes back jobs of workers that fell silent and jobs past their deadline, and parts of cancelled ones not begun."""

from __future__ import annotations

import secrets
import uuid

from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from mailsift.dispatcher import metrics
from mailsift.dispatcher.chores import passing_over_locks
from mailsift.shared.jobs.repository import recovering
from mailsift.shared.jobs.repository.recovering import ExpiredLease
from mailsift.shared.jobs.retry import Schedule
from mailsift.shared.jobs.states import JobStatus
from mailsift.shared.observability.logs import logger

log = logger(__name__)

for _outcome in (JobStatus.PENDING, JobStatus.CANCELLED, JobStatus.DEAD_LETTER):
    metrics.LEASES_REAPED.labels(_outcome.value)


def reap_leases(engine: Engine, schedule: Schedule) -> int:
    """Free expired leases; returns how many jobs went back or were given up."""
    with engine.begin() as connection:
        expired = recovering.expired_leases(connection)
    reaped = 0
    for lease in expired:
        with passing_over_locks("reap_leases", lease.ref.job_id):
            reaped += _reap(engine, schedule, lease)
    return reaped


def _reap(engine: Engine, schedule: Schedule, lease: ExpiredLease) -> bool:
    if not _end_writer(engine, lease):
        return False
    delay = schedule.delay_after_silence(lease.retry_count, secrets.SystemRandom().random())
    # Another transaction: the one that was ended must be gone before its lease is free.
    with engine.begin() as connection:
        status = recovering.reap(connection, lease, delay)
    if status is None:
        return False
    metrics.LEASES_REAPED.labels(status.value).inc()
    log.warning("lease_reaped", job_id=str(lease.ref.job_id), outcome=status.value, silent=lease.silent)
    return True


def _end_writer(engine: Engine, lease: ExpiredLease) -> bool:
    """End the connection of a silent worker; False when it has come back to life."""
    try:
        with engine.begin() as connection:
            return recovering.terminate_writer(connection, lease)
    except ProgrammingError:
        # No right to end it, as when a worker logs in as superuser. The fence holds without, and the job must go on.
        log.warning("writer_not_ended", job_id=str(lease.ref.job_id), exc_info=True)
        return True


def cancel_overdue(engine: Engine) -> int:
    """Cancel jobs that have not ended by their deadline; returns how many."""
    with engine.begin() as connection:
        overdue = recovering.overdue(connection)
    for job_id in overdue:
        with passing_over_locks("cancel_overdue", job_id), engine.begin() as connection:
            recovering.cancel_overdue(connection, job_id)
    return len(overdue)


def drain_cancelled(engine: Engine) -> int:
    """Cancel, batch by batch, the pending children of parents that the user cancelled; returns how many."""
    with engine.begin() as connection:
        parents = recovering.cancelled_parents(connection)
    total = 0
    for parent in parents:
        with passing_over_locks("drain_cancelled", parent):
            total += _drain(engine, parent)
    return total


def _drain(engine: Engine, parent: uuid.UUID) -> int:
    total, cancelled = 0, -1
    while cancelled:
        with engine.begin() as connection:
            cancelled = recovering.cancel_children(connection, parent)
        metrics.CHILDREN_CANCELLED.inc(cancelled)
        total += cancelled
    return total
