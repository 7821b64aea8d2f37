"""Clears away what is past its time, and warns of files that soon are: batch by batch, each kind in turn."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, Engine

from mailsift.dispatcher import metrics
from mailsift.dispatcher.config import DispatcherSettings
from mailsift.dispatcher.orphans import OrphanSweep
from mailsift.dispatcher.repository import deliveries, files, oddments
from mailsift.dispatcher.repository.rows import ANSWERS, LISTS
from mailsift.shared.jobs.repository import retaining
from mailsift.shared.observability.logs import logger
from mailsift.shared.storage import Storage

log = logger(__name__)

FILES = 100
GUESTS = 100
THINGS = 1_000
ROWS = 10_000

GRACE_SECONDS = 3600
"""From the mark to the deletion: whoever had not seen the mark has come to an end by then."""

WARNING_HOURS = 24
IDEMPOTENCY_HOURS = 24
STALE_DAYS = 30
STALE_HOURS = 24
SCHEDULE_RUN_DAYS = 90
GUEST_DAYS = 7

# Between two batches, so that the database has time for what somebody waits for.
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Clearing:
    """What clears away one kind of thing, a batch at a time; a batch that is full means that there may be more."""

    kind: str
    run: Callable[[], int]
    full: float


class Retention:
    """All that is cleared away. Any number of dispatchers may do so at once; a kill at any moment only delays it."""

    def __init__(self, engine: Engine, storage: Storage, settings: DispatcherSettings) -> None:
        self._clearings = _clearings(engine, storage, settings)
        for clearing in self._clearings:
            metrics.RETENTION_REMOVED.labels(clearing.kind)

    def turn(self, stop: threading.Event) -> int:
        """Clear away all that is due, until `stop` is set; returns how many things were removed or marked.

        Each kind a batch in turn, so that a long list keeps nothing else waiting.
        """
        done: Counter[str] = Counter()
        due = self._clearings
        while due:
            counts = [0 if stop.is_set() else _batch(clearing, stop) for clearing in due]
            done.update({clearing.kind: count for clearing, count in zip(due, counts, strict=True) if count})
            due = [clearing for clearing, count in zip(due, counts, strict=True) if count >= clearing.full]
        if done:
            log.info("retention", **done)
        return done.total()


def expire_exports(engine: Engine, storage: Storage, batch: int) -> int:
    """Remove files of exports past their time.

    A kill between file and row leaves the row to the next turn; the API goes by the clock, and promises neither.
    """
    with engine.begin() as connection:
        expired = files.expired_exports(connection, batch)
    gone = set(storage.discard(file.key for file in expired))
    with engine.begin() as connection:
        return files.mark_expired(connection, [file.id for file in expired if file.key in gone])


def delete_sources(engine: Engine, storage: Storage, days: int, batch: int) -> int:
    """Remove uploaded files that were read so long ago."""
    with engine.begin() as connection:
        old = files.old_sources(connection, days, batch)
    gone = set(storage.discard(file.key for file in old))
    with engine.begin() as connection:
        return files.mark_sources_deleted(connection, [file.id for file in old if file.key in gone])


def forget_previews(engine: Engine, storage: Storage, hours: int, batch: int) -> int:
    """Remove uploads that were only looked at, row first: one that is started meanwhile keeps its file.

    A kill between row and file leaves a file without a row, which goes with those.
    """
    with engine.begin() as connection:
        forgotten = files.forget_previews(connection, hours, batch)
    storage.discard(key for key in forgotten if key is not None)
    return len(forgotten)


def in_one_transaction(engine: Engine, query: Callable[[Connection, int, int], int], age: int, batch: int) -> int:
    """Do a batch that is one transaction of its own."""
    with engine.begin() as connection:
        return query(connection, age, batch)


def _clearings(engine: Engine, storage: Storage, settings: DispatcherSettings) -> list[Clearing]:
    def rows(kind: str, query: Callable[[Connection, int, int], int], age: int, batch: int = THINGS) -> Clearing:
        return Clearing(kind, partial(in_one_transaction, engine, query, age, batch), batch)

    return [
        rows("expiry_warnings", files.warn_of_expiry, WARNING_HOURS),
        Clearing("export_files", partial(expire_exports, engine, storage, FILES), FILES),
        Clearing("source_files", partial(delete_sources, engine, storage, settings.retain_source_days, FILES), FILES),
        Clearing("previews", partial(forget_previews, engine, storage, settings.retain_previews_hours, FILES), FILES),
        rows("jobs_marked", retaining.mark_old, settings.retain_jobs_days),
        rows("jobs", retaining.drain_deleted, GRACE_SECONDS),
        rows("exports", files.forget_exports, settings.retain_jobs_days),
        rows("answers_marked", ANSWERS.mark, settings.retain_rows_days),
        rows("answers", ANSWERS.drain, GRACE_SECONDS, ROWS),
        rows("rows_marked", LISTS.mark, settings.retain_rows_days),
        rows("rows", LISTS.drain, GRACE_SECONDS, ROWS),
        rows("idempotency_keys", oddments.forget_idempotency_keys, IDEMPOTENCY_HOURS),
        rows("domains", oddments.forget_domains, STALE_DAYS),
        rows("verified_emails", oddments.forget_verified_emails, STALE_HOURS),
        rows("audits", oddments.forget_audits, 0),
        rows("rate_limits", oddments.forget_rate_limits, STALE_DAYS),
        rows("outcomes", oddments.forget_outcomes, settings.retain_outcomes_days),
        rows("deliveries", deliveries.forget, settings.retain_deliveries_days),
        rows("guests", oddments.forget_guests, GUEST_DAYS, GUESTS),
        rows("schedule_runs", oddments.forget_schedule_runs, SCHEDULE_RUN_DAYS),
        Clearing("objects", OrphanSweep(engine, storage, settings.retain_orphans_hours).turn, math.inf),
    ]


def _batch(clearing: Clearing, stop: threading.Event) -> int:
    try:
        count = clearing.run()
    except Exception:
        # One that fails keeps no other from its work, and is tried again at the next turn.
        metrics.CHORE_FAILURES.labels("retention").inc()
        log.exception("retention_failed", kind=clearing.kind)
        return 0
    if count:
        metrics.RETENTION_REMOVED.labels(clearing.kind).inc(count)
        stop.wait(_PAUSE_SECONDS)
    return count
