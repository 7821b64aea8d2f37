"""Measures the job engine in one run on this machine: `make bench`.

It starts a PostgreSQL that keeps what it commits (fsync and synchronous_commit are on), a RabbitMQ with quorum queues,
and for each measurement a fresh database, a fresh virtual host, and the processes named below; all of them end with it.
The figures go to build/bench.json, beside those of other benchmarks. `make bench BENCH="--only latency"` runs a part.

throughput: `jobs_per_second` are jobs that pass through the whole engine (row, notification, choice, message, claim,
    end) while a producer process puts them in, each in a transaction of its own as the API does; the dispatcher is the
    one that is deployed, the handler of the one worker process ends its job in one transaction and does nothing else.
    `noop_per_second` are Dramatiq's actors that do nothing, on the same broker with the same queues and publisher
    confirms, with no database. On both sides the producer and the worker are one process of four threads each, no
    more than 500 messages are sent and not done, and what is counted in a window of eight seconds is what was done.
    Both are measured in turn, so that what else the machine does weighs on both; the figures are medians.
    `processor_ms_per_job` says which process's time a job takes: with few cores, the sum is the limit.
latency: `enqueue_to_start_ms_*` is the time from the begin of the transaction that makes a job to its claim, by the
    database's clock, with jobs that come at random moments, so many a minute. `engine_overhead_ms_*` is the time that
    a message holds a worker's thread beside its handler: claim, end, and all between.
backlog: `selection_ms` is the statement by which the dispatcher chooses 50 of 10,000 queued jobs of five workspaces,
    with 200 under way, and as many ended and new ones between two choices; `drain_seconds` is how long one worker
    process of four threads takes for such a queue, from the start of the dispatcher.
scaling: `scaling_times` is what 2 and 4 worker processes of one thread do of jobs of 50 ms, in terms of what 1 does.
fleet: fifty worker processes of one thread work until each has done some; `fleet_*` says what connections they took.

Every measurement ends by seeing that each job that was accepted is completed at its first attempt. Times on a machine
that does something else besides are longer; the ratios hold.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import backlog, fleet, latency, scaling, throughput
from benchmarks.crew import ROOT
from benchmarks.figures import Findings, merge, say, table
from benchmarks.site import Ground, ground


def main() -> None:
    """Measure what was asked for."""
    arguments = _arguments()
    # Even where the shell ignores Ctrl-C for what runs in the background: what was started must end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    benchmarks: Mapping[str, Callable[[Ground], Findings]] = {
        "throughput": lambda servers: throughput.run(servers, arguments.rounds),
        "latency": latency.run,
        "backlog": backlog.run,
        "scaling": scaling.run,
        "fleet": fleet.run,
    }
    chosen = {name: run for name, run in benchmarks.items() if name in (arguments.only or benchmarks)}
    try:
        findings = _measure(chosen, arguments.output)
    except KeyboardInterrupt:
        sys.exit(130)
    if arguments.json:
        record = {name: value for found in findings for name, value in found.record.items()}
        print(json.dumps(record, indent=2, sort_keys=True))
    else:
        print(table([figure for found in findings for figure in found.figures]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ("throughput", "latency", "backlog", "scaling", "fleet")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help="one or more of: " + ", ".join(names))
    parser.add_argument("--rounds", type=int, default=3, help="how often throughput is measured (default: 3)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead of a table")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "build" / "bench.json", help="(default: build/bench.json)"
    )
    return parser.parse_args()


def _measure(chosen: Mapping[str, Callable[[Ground], Findings]], output: Path) -> list[Findings]:
    findings = []
    began = time.monotonic()
    say("starting PostgreSQL and RabbitMQ")
    with ground() as servers:
        for name, run in chosen.items():
            say(f"[{time.monotonic() - began:3.0f} s] {name}")
            findings.append(run(servers))
            merge(output, findings[-1].record)
    say(f"[{time.monotonic() - began:3.0f} s] done")
    return findings


if __name__ == "__main__":
    main()
