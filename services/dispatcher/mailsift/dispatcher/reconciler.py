"""Mends what no code path should break: the count of a waiting parent, and jobs that wait for one that has ended."""

from __future__ import annotations

import uuid

from sqlalchemy import Engine

from mailsift.dispatcher import metrics
from mailsift.shared.jobs.repository import recovering
from mailsift.shared.observability.logs import logger

log = logger(__name__)

_FIRST = uuid.UUID(int=0)


def reconcile_parents(engine: Engine, batch: int = 500) -> int:
    """Hold the count of every waiting parent to its children; returns how many were wrong. Each is an alarm: a bug."""
    mended, after = 0, _FIRST
    while parents := _waiting_parents(engine, after, batch):
        for parent in parents:
            with engine.begin() as connection:
                wrong = recovering.reconcile(connection, parent)
            if wrong:
                mended += 1
                metrics.PARENTS_MENDED.inc()
                log.error("parent_mended", job_id=str(parent))
        after = parents[-1]
    return mended


def settle_followers(engine: Engine) -> int:
    """Let jobs begin, or end, whose predecessor has ended without their knowledge; returns how many. As alarming."""
    with engine.begin() as connection:
        settled = recovering.settle_orphans(connection)
    if settled:
        metrics.FOLLOWERS_MENDED.inc(settled)
        log.error("followers_mended", jobs=settled)
    return settled


def _waiting_parents(engine: Engine, after: uuid.UUID, batch: int) -> list[uuid.UUID]:
    with engine.begin() as connection:
        return recovering.waiting_parents(connection, after, batch)
