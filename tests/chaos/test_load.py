"""Much work at once, and what stands in its way for long."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from chaos.rig import Rig
from chaos.stream import coming

STEADY_PER_SECOND = 1_000 / 60
BURST_PER_SECOND = 10 * STEADY_PER_SECOND

# How long jobs waited for their first claim.
_START = """
    SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM "startedAt" - "createdAt"))::float
    FROM "jobQueue" """

# As the last VACUUM left it.
_DEAD = "SELECT pg_stat_get_dead_tuples('\"jobQueue\"'::regclass)"


@pytest.mark.scenario("S12")
def test_a_thousand_jobs_a_minute_and_now_and_then_ten_times_that(rig: Rig) -> None:
    rig.start("dispatcher", "chaos")
    rig.start("chaos", name="chaos-2")
    with coming(lambda: rig.load.rows(1), STEADY_PER_SECOND):
        slowest = min(burst_and_drain(rig) for _ in range(3 if rig.full else 1))
    rig.settle(measure=lambda: {**start(rig), "seconds_for_a_thousand_of_the_burst": 1_000 / slowest})
    assert start(rig)["start_p95_seconds"] < 5
    # As much as the machine lets us: three other things may be going on beside.
    assert slowest > 2 * STEADY_PER_SECOND


def burst_and_drain(rig: Rig) -> float:
    time.sleep(20 if rig.full else 2)
    per_second = burst(rig, jobs=1_000 if rig.full else 300)
    rig.calm()
    rig.wait(lambda: waiting(rig) < STEADY_PER_SECOND, "the burst to drain", seconds=120)
    return per_second


def burst(rig: Rig, jobs: int) -> float:
    """Ask for so many jobs, a minute's work in six seconds; returns how many a second that were in truth."""
    began, before = time.monotonic(), len(rig.load.accepted.jobs)
    with coming(lambda: rig.load.crowd(10), (BURST_PER_SECOND - STEADY_PER_SECOND) / 10, threads=2):
        rig.wait(lambda: len(rig.load.accepted.jobs) - before >= jobs, "the burst")
    return (len(rig.load.accepted.jobs) - before) / (time.monotonic() - began)


def start(rig: Rig) -> Mapping[str, float]:
    return {"start_p95_seconds": rig.rows(_START)[0][0]}


def waiting(rig: Rig) -> int:
    """Count what waits; now and then only, for the machine has better things to do."""
    time.sleep(0.1)
    return rig.number("""SELECT count(*) FROM "jobQueue" WHERE status = 'pending'""")


@pytest.mark.scenario("S13")
def test_a_transaction_is_held_open_all_the_time(rig: Rig) -> None:
    rig.start("dispatcher", "chaos")
    rig.start("chaos", name="chaos-2")
    jobs = 3_000 if rig.full else 300
    with held_transaction(rig):
        with coming(lambda: rig.load.crowd(5), 2 * STEADY_PER_SECOND / 5):
            rig.wait(lambda: len(rig.load.accepted.jobs) >= jobs, "jobs to be asked for", seconds=300)
        rig.calm()
        rig.settle(measure=lambda: {**start(rig), "dead_rows": dead_rows(rig)})
        # It was claimed and it ended: of each job two versions at least have been in the way.
        assert dead_rows(rig) >= 2 * jobs
    assert start(rig)["start_p95_seconds"] < 5


@contextmanager
def held_transaction(rig: Rig) -> Iterator[None]:
    """Keep PostgreSQL from clearing away old versions of rows while the block runs: due jobs lie among them."""
    with rig.looking("REPEATABLE READ") as connection:
        connection.execute(text('SELECT count(*), pg_current_xact_id() FROM "jobQueue"'))
        yield


def dead_rows(rig: Rig) -> int:
    """Count the versions of jobs that cannot be cleared away."""
    with rig.looking("AUTOCOMMIT") as connection:
        connection.execute(text('VACUUM "jobQueue"'))
    return rig.number(_DEAD)
