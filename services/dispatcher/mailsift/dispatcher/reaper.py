"""Takes back the jobs of workers that fell silent, and the parts of cancelled jobs that nobody has begun."""

from __future__ import annotations

import secrets

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, ProgrammingError

from mailsift.dispatcher import metrics
from mailsift.shared.jobs.repository import recovering
from mailsift.shared.jobs.repository.recovering import ExpiredLease
from mailsift.shared.jobs.retry import Schedule
from mailsift.shared.observability.logs import logger

log = logger(__name__)


def reap_leases(engine: Engine, schedule: Schedule) -> int:
    """Free expired leases; returns how many jobs went back or were given up."""
    with engine.begin() as connection:
        expired = recovering.expired_leases(connection)
    return sum(_reap(engine, schedule, lease) for lease in expired)


def _reap(engine: Engine, schedule: Schedule, lease: ExpiredLease) -> bool:
    try:
        if not _end_writer(engine, lease):
            return False
        delay = schedule.delay_after_silence(lease.retry_count, secrets.SystemRandom().random())
        # Another transaction: the one that was ended must be gone before its lease is free.
        with engine.begin() as connection:
            status = recovering.reap(connection, lease, delay)
    except OperationalError:
        # Somebody holds the row, such as a process that was stopped in mid-heartbeat. The others need not wait for it.
        log.warning("lease_not_reaped", job_id=str(lease.ref.job_id), exc_info=True)
        return False
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


def drain_cancelled(engine: Engine) -> int:
    """Cancel, batch by batch, the pending children of parents that the user cancelled; returns how many."""
    with engine.begin() as connection:
        parents = recovering.cancelled_parents(connection)
    total = 0
    for parent in parents:
        cancelled = -1
        while cancelled:
            with engine.begin() as connection:
                cancelled = recovering.cancel_children(connection, parent)
            total += cancelled
    metrics.CHILDREN_CANCELLED.inc(total)
    return total
