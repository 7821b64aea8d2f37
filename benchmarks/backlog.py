"""What a long queue costs: the time to drain it, and the statement that chooses from it."""

from __future__ import annotations

import time
import uuid
from dataclasses import asdict

from sqlalchemy import Engine, create_engine, text

from benchmarks.crew import crew
from benchmarks.figures import Figure, Findings, Spread, say, spread
from benchmarks.furnishing import jobs_to_send
from benchmarks.site import Ground, Site
from benchmarks.tally import DONE, total
from mailsift.shared.jobs.catalog import QUEUES
from mailsift.shared.jobs.repository import dispatching, queueing

_JOBS = 10_000
_THREADS = 4
_WINDOW = 200
_TURNOVER = 50
_CHOICES = 250

# What workers and users do between two choices: as many jobs as were chosen last end, and as many come in.
_END_AND_REPLACE = text("""
    WITH ended AS (
        UPDATE "jobQueue" SET status = 'completed', "dispatchedAt" = NULL, "dispatchToken" = NULL,
            "completedAt" = clock_timestamp()
        WHERE "jobId" IN (SELECT "jobId" FROM "jobQueue" WHERE "dispatchedAt" IS NOT NULL
                          ORDER BY "dispatchedAt" LIMIT :count)
        RETURNING *
    )
    INSERT INTO "jobQueue" ("jobId", "workspaceId", "userId", "exportId", "jobType", queue, "traceId")
    SELECT gen_random_uuid(), "workspaceId", "userId", "exportId", "jobType", queue, "traceId" FROM ended""")


def run(ground: Ground) -> Findings:
    """Measure both on a queue of the same length."""
    chosen = _selection(ground)
    say(f"  choosing from {_JOBS:,} jobs: {chosen.p95} ms (p95)")
    seconds = _drain(ground)
    say(f"  drained in {seconds:.1f} s")
    return Findings(
        [
            Figure(f"choosing from {_JOBS:,} queued jobs, p50", chosen.p50, "ms"),
            Figure(f"choosing from {_JOBS:,} queued jobs, p95", chosen.p95, "ms", at_most=10),
            Figure(f"draining {_JOBS:,} queued jobs", seconds, "s", at_most=120),
        ],
        {"backlog_jobs": _JOBS, "selection_ms": asdict(chosen), "drain_seconds": round(seconds, 2)},
    )


def _selection(ground: Ground) -> Spread:
    with ground.site() as site:
        _fill(site)
        admin, dispatcher = create_engine(site.url()), create_engine(site.url("mailsift_dispatcher"))
        _choose(dispatcher, _WINDOW)
        times = []
        for _ in range(_CHOICES):
            with admin.begin() as connection:
                connection.execute(_END_AND_REPLACE, {"count": _TURNOVER})
            times.append(_choose(dispatcher, _TURNOVER))
        admin.dispose()
        dispatcher.dispose()
        return spread(times)


def _choose(engine: Engine, count: int) -> float:
    slots = dict.fromkeys(QUEUES, count)
    with engine.begin() as connection:
        assert dispatching.choose_alone(connection)
        began = time.perf_counter()
        waiters = dispatching.waiting(connection, slots, {})
        hints = dispatching.take(connection, slots, waiters, uuid.uuid4())
        took = time.perf_counter() - began
        assert len(hints) == count, len(hints)
    return took


def _drain(ground: Ground) -> float:
    with ground.site() as site, crew(site) as hands:
        _fill(site)
        hands.workers("benchmarks.engine_worker", threads=_THREADS)
        began = time.monotonic()
        hands.dispatcher()
        hands.wait(lambda: total(site.folder, DONE) >= _JOBS, "the queue to drain", seconds=180)
        return time.monotonic() - began


def _fill(site: Site) -> None:
    with site.connection() as connection:
        for job in jobs_to_send(site.url())[:_JOBS]:
            queueing.enqueue(connection, job)
        # As autovacuum does within a minute of such a load.
        connection.execute(text("ANALYZE"))
