"""Mends what no code path should break: the count of a waiting parent, and jobs that wait for one that has ended."""

from __future__ import annotations

import uuid

from sqlalchemy import Engine

from mailsift.dispatcher import metrics
from mailsift.dispatcher.chores import passing_over_locks
from mailsift.shared.jobs.repository import moves, recovering
from mailsift.shared.observability.logs import logger

log = logger(__name__)

_FIRST = uuid.UUID(int=0)


def reconcile_parents(engine: Engine, batch: int = 500) -> int:
    """Hold the count of every waiting parent to its children; returns how many were wrong. Each is an alarm: a bug."""
    mended, after = 0, _FIRST
    while parents := _waiting_parents(engine, after, batch):
        for parent in parents:
            with passing_over_locks("reconcile_parents", parent):
                mended += _reconcile(engine, parent)
        after = parents[-1]
    return mended


def _reconcile(engine: Engine, parent: uuid.UUID) -> bool:
    with engine.begin() as connection:
        wrong = recovering.reconcile(connection, parent)
    if wrong:
        metrics.PARENTS_MENDED.inc()
        log.error("parent_mended", job_id=str(parent))
    return wrong


def settle_followers(engine: Engine) -> int:
    """Let jobs begin, or end, whose predecessor has ended without their knowledge; returns how many. As alarming."""
    with engine.begin() as connection:
        predecessors = recovering.ended_predecessors(connection)
    settled = 0
    for job_id, completed in predecessors:
        with passing_over_locks("settle_followers", job_id), engine.begin() as connection:
            settled += moves.settle_followers(connection, job_id, completed=completed)
    if settled:
        metrics.FOLLOWERS_MENDED.inc(settled)
        log.error("followers_mended", jobs=settled)
    return settled


def _waiting_parents(engine: Engine, after: uuid.UUID, batch: int) -> list[uuid.UUID]:
    with engine.begin() as connection:
        return recovering.waiting_parents(connection, after, batch)
