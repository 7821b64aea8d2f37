"""Whether twice the worker processes do twice the work: jobs of 50 ms, one thread a process."""

from __future__ import annotations

import time
from collections import defaultdict
from statistics import median

from benchmarks.crew import crew
from benchmarks.figures import Figure, Findings, say
from benchmarks.records import assert_all_completed
from benchmarks.site import Ground
from benchmarks.tally import DONE, SENT, total

_SLEEP = 0.05
_PROCESSES = (1, 2, 4)
_SECONDS = 6.0
_ROUNDS = 2
_WARM_UP_EACH = 10


def run(ground: Ground) -> Findings:
    """Measure each number of processes in turn, more than once."""
    found: defaultdict[int, list[float]] = defaultdict(list)
    for _ in range(_ROUNDS):
        for processes in _PROCESSES:
            found[processes].append(_with(ground, processes))
            say(f"  {processes} processes: {found[processes][-1]:.1f} jobs a second")
    rates = {processes: median(rates) for processes, rates in found.items()}
    times = {processes: rate / rates[1] for processes, rate in rates.items()}
    return Findings(
        [
            Figure(
                f"jobs of 50 ms with {processes} processes",
                rate,
                "/s",
                at_least=3.6 * rates[1] if processes == 4 else None,
            )
            for processes, rate in rates.items()
        ],
        {
            "scaling_jobs_per_second": {str(processes): round(rate, 2) for processes, rate in rates.items()},
            "scaling_times": {str(processes): round(each, 3) for processes, each in times.items()},
        },
    )


def _with(ground: Ground, processes: int) -> float:
    with ground.site() as site, crew(site) as hands:
        hands.dispatcher()
        hands.workers("benchmarks.engine_worker", processes=processes, threads=1)
        producer = hands.producer("engine", "--threads", "1", "--ahead", "100", "--sleep", str(_SLEEP))
        hands.wait(lambda: total(site.folder, DONE) >= _WARM_UP_EACH * processes, "the first jobs")
        done, began = total(site.folder, DONE), time.monotonic()
        time.sleep(_SECONDS)
        rate = (total(site.folder, DONE) - done) / (time.monotonic() - began)
        hands.stop(producer)
        hands.wait(lambda: total(site.folder, DONE) >= total(site.folder, SENT), "the last jobs")
        assert_all_completed(site)
        return rate
