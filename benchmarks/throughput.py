"""How many jobs go through in a second, beside how many actors that do nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.cpu import processor_seconds
from benchmarks.crew import Crew, crew, memory
from benchmarks.figures import Figure, Findings, say
from benchmarks.records import assert_all_completed
from benchmarks.site import Ground
from benchmarks.tally import DONE, SENT, total

THREADS = 4
_SECONDS = 8.0
_WARM_UP = 300


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a window of time saw done."""

    per_second: float
    processor_ms: dict[str, float]
    """By part of the system, for each message that was done."""
    memory_mb: float = 0.0
    """Of the worker process that uses most."""


def run(ground: Ground, rounds: int) -> Findings:
    """Measure both in turn, so that what else the machine does weighs on both, and take the medians."""
    noops, jobs = [], []
    for number in range(1, rounds + 1):
        noops.append(_noop(ground))
        jobs.append(_engine(ground))
        say(f"  round {number}: {noops[-1].per_second:,.0f} no-op actors, {jobs[-1].per_second:,.0f} jobs a second")
    noop, job = median(found.per_second for found in noops), median(found.per_second for found in jobs)
    record = {
        "noop_per_second": round(noop, 1),
        "jobs_per_second": round(job, 1),
        "jobs_vs_noop": round(job / noop, 3),
        "throughput_rounds": [
            [round(n.per_second, 1), round(j.per_second, 1)] for n, j in zip(noops, jobs, strict=True)
        ],
        "processor_ms_per_noop": _medians(noops),
        "processor_ms_per_job": _medians(jobs),
        "worker_memory_mb": max(found.memory_mb for found in jobs),
    }
    return Findings(
        [
            Figure("no-op actors", noop, "/s"),
            Figure("jobs", job, "/s"),
            Figure("jobs, of no-op actors", job / noop, "", at_least=0.5),
            Figure("memory of a worker", max(found.memory_mb for found in jobs), "MB", at_most=500),
            *(Figure(f"processor, each job: {part}", ms, "ms") for part, ms in _medians(jobs).items()),
        ],
        record,
    )


def _noop(ground: Ground) -> Throughput:
    with ground.site() as site, crew(site) as hands:
        hands.workers("benchmarks.noop_worker", threads=THREADS)
        return _measure(hands, "noop")


def _engine(ground: Ground) -> Throughput:
    with ground.site() as site, crew(site) as hands:
        hands.dispatcher()
        worker = hands.workers("benchmarks.engine_worker", threads=THREADS)
        found = _measure(hands, "engine")
        assert_all_completed(site)
        return Throughput(found.per_second, found.processor_ms, max(memory(worker)))


def _measure(hands: Crew, kind: str) -> Throughput:
    folder = hands.site.folder
    producer = hands.producer(kind, "--threads", str(THREADS))
    hands.wait(lambda: total(folder, DONE) >= _WARM_UP, "the first messages")
    done, used, began = total(folder, DONE), processor_seconds(), time.monotonic()
    time.sleep(_SECONDS)
    done, took = total(folder, DONE) - done, time.monotonic() - began
    each = {part: 1000 * (now - used.get(part, 0)) / done for part, now in processor_seconds().items()}
    hands.stop(producer)
    hands.wait(lambda: total(folder, DONE) >= total(folder, SENT), "the last messages")
    return Throughput(done / took, each)


def _medians(found: Sequence[Throughput]) -> dict[str, float]:
    parts = sorted(set().union(*(each.processor_ms for each in found)))
    medians = {part: round(median(each.processor_ms.get(part, 0.0) for each in found), 3) for part in parts}
    return {part: ms for part, ms in medians.items() if ms >= 0.01}
