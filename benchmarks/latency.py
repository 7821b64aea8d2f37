"""How long a job waits to be started, and what the engine adds to its handler, at a steady pace."""

from __future__ import annotations

import time
from dataclasses import asdict

from benchmarks.crew import crew
from benchmarks.figures import Figure, Findings, Spread, say, spread
from benchmarks.records import assert_all_completed, waits
from benchmarks.site import Ground
from benchmarks.stopwatch import overheads
from benchmarks.tally import DONE, SENT, total

_THREADS = 4
_WARM_UP = 3.0
# From jobs a minute to the seconds of a measurement: long enough for a 99th percentile.
_PACES = {1_000: 20.0, 5_000: 15.0}


def run(ground: Ground) -> Findings:
    """Measure at each pace."""
    figures: list[Figure] = []
    record: dict[str, object] = {}
    for per_minute, seconds in _PACES.items():
        starts, adds = _at(ground, per_minute, seconds)
        say(f"  {per_minute:,} jobs a minute: started after {starts.p95} ms, {adds.p95} ms of engine (p95)")
        pace = f"at {per_minute:,} a minute"
        record[f"enqueue_to_start_ms_{per_minute}"] = asdict(starts)
        record[f"engine_overhead_ms_{per_minute}"] = asdict(adds)
        figures += [
            Figure(f"enqueue to start {pace}, p50", starts.p50, "ms"),
            Figure(f"enqueue to start {pace}, p95", starts.p95, "ms", at_most=100),
            Figure(f"enqueue to start {pace}, p99", starts.p99, "ms"),
            Figure(f"engine's own time in a job {pace}, p50", adds.p50, "ms"),
            Figure(f"engine's own time in a job {pace}, p95", adds.p95, "ms", at_most=10),
        ]
    return Findings(figures, record)


def _at(ground: Ground, per_minute: int, seconds: float) -> tuple[Spread, Spread]:
    with ground.site() as site, crew(site) as hands:
        hands.dispatcher()
        worker = hands.workers("benchmarks.engine_worker", threads=_THREADS)
        producer = hands.producer("engine", "--threads", str(_THREADS), "--per-minute", str(per_minute))
        hands.wait(lambda: total(site.folder, DONE) > 0, "the first job")
        time.sleep(_WARM_UP + seconds)
        hands.stop(producer)
        hands.wait(lambda: total(site.folder, DONE) >= total(site.folder, SENT), "the last job")
        assert_all_completed(site)
        hands.stop(worker)
        beginning = round(_WARM_UP * per_minute / 60)
        return spread(waits(site, _WARM_UP)), spread(overheads(site.folder)[beginning:])
