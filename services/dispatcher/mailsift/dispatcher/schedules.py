"""Fires the schedules that are due: each time once, whoever else does so, and after a rest only the last one missed."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from mailsift.dispatcher import metrics
from mailsift.dispatcher.chores import passing_over_locks
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.cron import recurrence
from mailsift.shared.jobs.repository import quota, scheduling
from mailsift.shared.jobs.repository.scheduling import DueSchedule
from mailsift.shared.observability import tracing
from mailsift.shared.observability.logs import logger
from mailsift.shared.observability.tracing import Kind
from mailsift.shared.scoring_policy import ScoringPolicy
from mailsift.shared.verdicts import UploadStatus

log = logger(__name__)

_BATCH = 100

STARTED = "started"
ALREADY_RUN = "already_run"
INVALID = "invalid_schedule"
UPLOAD_NOT_READY = "upload_not_ready"
ROWS_EXPIRED = "rows_expired"
USER_LEFT = "user_left"
PREVIOUS_AT_WORK = "previous_run_at_work"
QUOTA_EXCEEDED = "job_quota_exceeded"

for _outcome in (
    STARTED,
    ALREADY_RUN,
    INVALID,
    UPLOAD_NOT_READY,
    ROWS_EXPIRED,
    USER_LEFT,
    PREVIOUS_AT_WORK,
    QUOTA_EXCEEDED,
):
    metrics.SCHEDULE_RUNS.labels(_outcome)


def fire_due(engine: Engine, now: dt.datetime | None = None, operator: ScoringPolicy | None = None) -> int:
    """Fire what is due at `now`, or by the database's clock; returns how many came due, begun or not."""
    total = fired = _fire_batch(engine, now, operator)
    # Full, and all of them moved on: there may be more.
    while fired == _BATCH:
        fired = _fire_batch(engine, now, operator)
        total += fired
    return total


def _fire_batch(engine: Engine, now: dt.datetime | None, operator: ScoringPolicy | None) -> int:
    with engine.begin() as connection:
        schedules = scheduling.due(connection, now, _BATCH)
    fired = 0
    for schedule_id in schedules:
        with passing_over_locks("fire_schedules", schedule_id):
            fired += _fire_guarded(engine, schedule_id, now, operator)
    return fired


def _fire_guarded(
    engine: Engine, schedule_id: uuid.UUID, now: dt.datetime | None, operator: ScoringPolicy | None
) -> bool:
    try:
        with engine.begin() as connection:
            outcome = _fire(connection, schedule_id, now, operator)
    except OperationalError:
        raise
    except Exception:
        # It stays due and is tried again; the others need not wait for that.
        log.exception("schedule_not_fired", schedule_id=str(schedule_id))
        return False
    if outcome is None:
        return False
    metrics.SCHEDULE_RUNS.labels(outcome).inc()
    log.info("schedule_fired", schedule_id=str(schedule_id), outcome=outcome)
    return True


def _fire(
    connection: Connection, schedule_id: uuid.UUID, now: dt.datetime | None, operator: ScoringPolicy | None
) -> str | None:
    schedule = scheduling.lock(connection, schedule_id, now)
    if schedule is None:
        return None
    due_at, next_due_at = _times(schedule)
    scheduling.move_on(connection, schedule_id, next_due_at)
    if not scheduling.begin(connection, schedule_id, due_at):
        return ALREADY_RUN
    obstacle = INVALID if next_due_at is None else _obstacle(connection, schedule)
    if obstacle is None:
        with tracing.span("fire schedule", Kind.PART) as span:
            scheduling.start(connection, schedule, due_at, operator, span.context)
        return STARTED
    scheduling.skip(connection, schedule_id, due_at, obstacle)
    return obstacle


def _times(schedule: DueSchedule) -> tuple[dt.datetime, dt.datetime | None]:
    """Return the time that is fired, and the next."""
    try:
        recurring = recurrence(schedule.cron, schedule.timezone)
        return recurring.latest(schedule.next_due_at, schedule.now), recurring.after(schedule.now)
    except PermanentError:
        # Time zones come and go. Without one it is never due again; the user can see why, and change it.
        return schedule.next_due_at, None


def _obstacle(connection: Connection, schedule: DueSchedule) -> str | None:
    """Say why nothing can be begun this time; else what it costs is taken."""
    if schedule.upload_status is not UploadStatus.COMPLETED:
        return UPLOAD_NOT_READY
    if not schedule.rows_kept:
        return ROWS_EXPIRED
    if not schedule.user_is_member:
        return USER_LEFT
    if scheduling.is_at_work(connection, schedule.schedule_id):
        return PREVIOUS_AT_WORK
    if quota.spend(connection, schedule.workspace_id, schedule.jobs) is not None:
        return QUOTA_EXCEEDED
    return None
