"""The command line of benchmarks: which parts to measure, where to start servers, what to do with the figures."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crew import ROOT
from benchmarks.figures import Findings, merge, say, table
from benchmarks.site import Ground, ground


@dataclass(frozen=True, slots=True)
class Size:
    """How much to measure."""

    rounds: int
    rows: int
    domains: int


Part = Callable[[Ground, Size], Findings]


def main(description: str, parts: Mapping[str, Part]) -> None:
    """Measure what is asked for."""
    arguments = _arguments(description, parts)
    # Even where the shell ignores Ctrl-C for what runs in the background: what was started must end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = {name: part for name, part in parts.items() if name in (arguments.only or parts)}
    try:
        findings = _measure(chosen, Size(arguments.rounds, arguments.rows, arguments.domains), arguments.output)
    except KeyboardInterrupt:
        sys.exit(130)
    if arguments.json:
        record = {name: value for found in findings for name, value in found.record.items()}
        print(json.dumps(record, indent=2, sort_keys=True))
    else:
        print(table([figure for found in findings for figure in found.figures]))


def _arguments(description: str, parts: Mapping[str, Part]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=parts, metavar="NAME", help="one or more of: " + ", ".join(parts))
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often throughput, ingest and scores are measured (default: 3)"
    )
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="of the list for ingest and scores (default: 1,000,000)"
    )
    parser.add_argument("--domains", type=int, default=20_000, help="that are looked up for dns (default: 20,000)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead of a table")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "build" / "bench.json", help="(default: build/bench.json)"
    )
    return parser.parse_args()


def _measure(chosen: Mapping[str, Part], size: Size, output: Path) -> Sequence[Findings]:
    findings = []
    began = time.monotonic()
    say("starting PostgreSQL and RabbitMQ")
    with ground() as servers:
        for name, part in chosen.items():
            say(f"[{time.monotonic() - began:3.0f} s] {name}")
            findings.append(part(servers, size))
            merge(output, findings[-1].record)
    say(f"[{time.monotonic() - began:3.0f} s] done")
    return findings
