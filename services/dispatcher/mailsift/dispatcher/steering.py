"""What an operator may do to the queues and jobs of all workspaces, each with its answer."""

from __future__ import annotations

import uuid
from dataclasses import replace

from sqlalchemy import Connection, Engine

from mailsift.dispatcher.proofs import OpenErasures
from mailsift.dispatcher.reports import (
    DeadLetters,
    Moved,
    Paused,
    Queues,
    Redriven,
    Refused,
    Resumed,
    Shown,
    Skipped,
    why_not,
)
from mailsift.dispatcher.repository import deliveries, erasures
from mailsift.shared.jobs.catalog import DELIVERY_QUEUE, QUEUES
from mailsift.shared.jobs.repository import inspecting, operating
from mailsift.shared.jobs.repository.inspecting import JobState, QueueState, Selection
from mailsift.shared.jobs.states import ENDED, JobStatus
from mailsift.shared.observability.logs import logger

log = logger(__name__)

_NO_SUCH_JOB = "there is no such job"
_LOG_LINES = 20
_MOST_ERASURES = 1000


def queues(engine: Engine) -> Queues:
    """Look at all queues."""
    with engine.begin() as connection:
        states = [*inspecting.queue_states(connection, QUEUES), deliveries.state(connection)]
    return Queues(sorted(states, key=lambda state: state.queue))


def open_erasures(engine: Engine) -> OpenErasures:
    """Look at the erasures that are not completed."""
    with engine.begin() as connection:
        return OpenErasures([*erasures.list_open(connection, _MOST_ERASURES)])


def pause(engine: Engine, queue: str, reason: str | None = None) -> Paused:
    """Hold a queue back. Safe to run twice; a second reason replaces the first."""
    with engine.begin() as connection:
        changed = operating.pause(connection, queue, reason)
        state = _state(connection, queue)
    log.info("queue_paused", queue=queue, reason=state.paused_reason, changed=changed)
    return Paused(state, changed)


def resume(engine: Engine, queue: str) -> Resumed:
    """Let a queue go on. Safe to run twice."""
    with engine.begin() as connection:
        before = _state(connection, queue)
        changed = operating.resume(connection, queue)
        state = _state(connection, queue)
    log.info("queue_resumed", queue=queue, reason=before.paused_reason, changed=changed)
    return Resumed(state, changed)


def dead_letters(engine: Engine, selection: Selection, limit: int) -> DeadLetters:
    """List dead letters with their reasons."""
    with engine.begin() as connection:
        counted = inspecting.causes(connection, selection)
        return DeadLetters(counted, inspecting.dead_letters(connection, selection, limit))


def redrive(engine: Engine, selection: Selection, limit: int | None = None, *, dry_run: bool = False) -> Redriven:
    """Put the root jobs of dead letters back to work, those first that died first, each in a transaction of its own."""
    with engine.begin() as connection:
        roots = inspecting.dead_roots(connection, selection)
        skipped = _strangers(connection, selection)
    skipped += [Skipped(root.root_id, why_not(root.status)) for root in roots if not root.redrivable]
    willing = [root.root_id for root in roots if root.redrivable]
    redriven = []
    for root_id in willing[:limit]:
        if dry_run or _redrive_one(engine, root_id):
            redriven.append(root_id)
        else:
            skipped.append(Skipped(root_id, "it has moved meanwhile"))
    log.info("dead_letters_redriven", jobs=len(redriven), skipped=len(skipped), dry_run=dry_run)
    return Redriven(dry_run, redriven, skipped, len(willing[limit:]) if limit else 0)


def retry(engine: Engine, job_id: uuid.UUID) -> Moved | Refused:
    """Put one root job that ended badly back to work."""
    with engine.begin() as connection:
        before = inspecting.find(connection, job_id)
        if before is None or before.deleted_at:
            return Refused(job_id, "its user has deleted it" if before else _NO_SUCH_JOB)
        if reason := _is_a_part(before) or _lacks_its_predecessor(connection, before):
            return Refused(job_id, reason)
        if not operating.retry_one(connection, job_id):
            return Refused(job_id, f"it is {before.status.value}")
        after = inspecting.find(connection, job_id) or before
    log.info("job_retried", job_id=str(job_id))
    return Moved(job_id, after.status, f"was {before.status.value}, is {after.status.value}")


def cancel(engine: Engine, job_id: uuid.UUID) -> Moved | Refused:
    """Take one root job back: at once while it waits, else at its next safe place."""
    with engine.begin() as connection:
        before = inspecting.find(connection, job_id)
        if before is None:
            return Refused(job_id, _NO_SUCH_JOB)
        if reason := _is_a_part(before):
            return Refused(job_id, reason)
        status = before.status if before.status in ENDED else operating.cancel(connection, job_id)
    if before.status in ENDED or status not in {JobStatus.CANCELLED, JobStatus.PROCESSING}:
        return Refused(job_id, f"it is {status or 'gone'}")
    log.info("job_cancelled", job_id=str(job_id), status=status.value)
    return Moved(job_id, status, "cancelled" if status is JobStatus.CANCELLED else "ends at its next safe place")


def show(engine: Engine, job_id: uuid.UUID) -> Shown | Refused:
    """Tell the life of one job."""
    with engine.begin() as connection:
        job = inspecting.find(connection, job_id)
        if job is None:
            return Refused(job_id, _NO_SUCH_JOB)
        parts, events = inspecting.parts(connection, job_id), inspecting.history(connection, job_id)
        return Shown(job, parts, events, inspecting.last_lines(connection, job_id, _LOG_LINES))


def _state(connection: Connection, queue: str) -> QueueState:
    if queue == DELIVERY_QUEUE:
        return deliveries.state(connection)
    (state,) = inspecting.queue_states(connection, [queue])
    return state


def _strangers(connection: Connection, selection: Selection) -> list[Skipped]:
    """The jobs that were asked for by name and are not among the dead letters."""
    return [
        Skipped(job_id, "there is no such dead letter")
        for job_id in selection.jobs or ()
        if not inspecting.dead_roots(connection, replace(selection, jobs=(job_id,)))
    ]


def _redrive_one(engine: Engine, root_id: uuid.UUID) -> bool:
    with engine.begin() as connection:
        return operating.redrive(connection, root_id)


def _is_a_part(job: JobState) -> str | None:
    return f"it is a part of job {job.parent_job_id}; name that one" if job.parent_job_id else None


def _lacks_its_predecessor(connection: Connection, job: JobState) -> str | None:
    before = inspecting.find(connection, job.after_job_id) if job.after_job_id else None
    if before is None or before.status is JobStatus.COMPLETED:
        return None
    return f"it follows job {before.job_id}, which is {before.status.value}; name that one"
