"""Lets hints be sent again that nobody claimed: the broker lost them, or whoever got them did."""

from __future__ import annotations

from sqlalchemy import Engine

from mailsift.dispatcher import metrics
from mailsift.shared.jobs.repository import recovering
from mailsift.shared.observability.logs import logger

log = logger(__name__)

_BATCH = 1000


def republish_lost(engine: Engine, after_seconds: float) -> int:
    """Free the marks of hints that were sent so long ago and are unclaimed; returns how many."""
    total, freed = 0, _BATCH
    while freed == _BATCH:
        with engine.begin() as connection:
            freed = recovering.republish(connection, after_seconds, _BATCH)
        total += freed
    if total:
        metrics.HINTS_LOST.inc(total)
        log.warning("hints_lost", hints=total)
    return total
