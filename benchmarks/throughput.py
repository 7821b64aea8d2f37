"""How many jobs go through in a second, beside how many actors that do nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import text

from benchmarks.cpu import processor_seconds
from benchmarks.crew import Crew, crew
from benchmarks.site import Ground
from benchmarks.tally import DONE, SENT, total

PRODUCER_THREADS = 4
WORKER_THREADS = 4
_WARM_UP = 300


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a window of time saw done."""

    per_second: float
    processor_ms: dict[str, float]
    """By part of the system, for each message that was done."""


def noop(ground: Ground, seconds: float) -> Throughput:
    """Measure actors that do nothing."""
    with ground.site() as site, crew(site) as hands:
        hands.workers("benchmarks.noop_worker", threads=WORKER_THREADS)
        return _measure(hands, "noop", seconds)


def engine(ground: Ground, seconds: float) -> Throughput:
    """Measure jobs, and see that each of them completed."""
    with ground.site() as site, crew(site) as hands:
        hands.dispatcher()
        hands.workers("benchmarks.engine_worker", threads=WORKER_THREADS)
        figures = _measure(hands, "engine", seconds)
        with site.connection() as connection:
            states = connection.execute(text('SELECT status, count(*) FROM "jobQueue" GROUP BY status')).all()
        assert [tuple(row) for row in states] == [("completed", total(site.folder, SENT))], states
        return figures


def _measure(hands: Crew, kind: str, seconds: float) -> Throughput:
    folder = hands.site.folder
    producer = hands.producer(kind, "--threads", str(PRODUCER_THREADS))
    hands.wait(lambda: total(folder, DONE) >= _WARM_UP, "the first messages")
    done, used, began = total(folder, DONE), processor_seconds(), time.monotonic()
    time.sleep(seconds)
    done, took = total(folder, DONE) - done, time.monotonic() - began
    per_message = {part: 1000 * (now - used.get(part, 0)) / done for part, now in processor_seconds().items()}
    hands.stop(producer)
    hands.wait(lambda: total(folder, DONE) >= total(folder, SENT), "the last messages")
    return Throughput(done / took, per_message)
