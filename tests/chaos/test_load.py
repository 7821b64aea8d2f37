"""Much work at once, and what stands in its way for long."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from chaos.rig import Rig
from chaos.stream import coming

STEADY_PER_SECOND = 1_000 / 60
BURST_PER_SECOND = 10 * STEADY_PER_SECOND

# How long jobs waited for their first claim.
_START = """
    SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM "startedAt" - "createdAt"))::float
    FROM "jobQueue" """


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
