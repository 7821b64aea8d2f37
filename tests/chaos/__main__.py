"""Runs the scenarios many times over, as `make chaos` asks: `python -m chaos --help`.

Runs at production's values mostly wait, so several of them go on beside those at a twentieth; a scenario that is about
how much the machine can do is run by itself when they are over. Every run leaves its figures in a file of its own; a
part that is run again replaces its own, and the summary is made from all there are.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from chaos.pace import PRODUCTION, TWENTIETH
from chaos.record import SCENARIOS
from chaos.summary import Wanted, shortcomings, summarise

_HERE = Path(__file__).parent
_BUILD = _HERE.parents[1] / "build"
_RESULTS = _BUILD / "chaos"
_LONGEST_SECONDS = 3600
_BY_ITSELF = frozenset({"S12"})


def main() -> int:
    """Run what was asked for, write the summary, and tell what fell short."""
    options = _options()
    scenarios = options.scenarios.split(",") if options.scenarios else list(SCENARIOS)
    runs = {TWENTIETH.name: options.runs, PRODUCTION.name: options.production_runs}
    wanted = Wanted(scenarios, {pace: times for pace, times in runs.items() if times})
    _forget(wanted, everything=not options.scenarios)
    beside = {TWENTIETH.name: options.workers, PRODUCTION.name: options.production_workers}
    together = [name for name in scenarios if name not in _BY_ITSELF]
    failed = _wait(_start(together, pace, times, beside[pace]) for pace, times in wanted.runs.items() if together)
    for name in _BY_ITSELF.intersection(scenarios):
        for pace, times in wanted.runs.items():
            failed += _wait([_start([name], pace, times, 1)])
    found = [json.loads(file.read_text()) for file in sorted(_RESULTS.glob("*.json"))]
    (_BUILD / "chaos.json").write_text(json.dumps(summarise(found), indent=2) + "\n")
    said = shortcomings(found, wanted)
    sys.stdout.write("\n".join([*said, f"figures of {len(found)} runs: {_BUILD / 'chaos.json'}"]) + "\n")
    return int(bool(said) or failed > 0)


def _wait(campaigns: Iterable[subprocess.Popen[bytes]]) -> int:
    """Wait for all of these to end; returns how many failed."""
    return sum(campaign.wait() != 0 for campaign in list(campaigns))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m chaos", description="Run the chaos scenarios into build/chaos.json."
    )
    parser.add_argument("--scenarios", default="", help="only these, as in S3,S4; the figures of the others stay")
    parser.add_argument("--runs", type=int, default=10, help="of each, at a twentieth of production's times")
    parser.add_argument("--production-runs", type=int, default=1, help="of each, at production's times")
    parser.add_argument("--workers", type=int, default=2, help="how many at a twentieth go on at once")
    parser.add_argument("--production-workers", type=int, default=4, help="how many at production's times go on beside")
    return parser.parse_args()


def _forget(wanted: Wanted, *, everything: bool) -> None:
    _RESULTS.mkdir(parents=True, exist_ok=True)
    for file in _RESULTS.glob("*.json"):
        run = json.loads(file.read_text())
        if everything or (run["scenario"] in wanted.scenarios and run["pace"] in wanted.runs):
            file.unlink()


def _start(scenarios: list[str], pace: str, runs: int, beside: int) -> subprocess.Popen[bytes]:
    command = [
        *(sys.executable, "-m", "pytest", str(_HERE), "-m", "scenario", "-q", "-p", "no:cacheprovider"),
        *("-n", str(beside), "--dist", "worksteal", f"--timeout={_LONGEST_SECONDS}", "--chaos-full"),
        *(f"--chaos-scenarios={','.join(scenarios)}", f"--chaos-pace={pace}", f"--chaos-runs={runs}"),
        f"--chaos-results={_RESULTS}",
    ]
    return subprocess.Popen(command)


if __name__ == "__main__":
    sys.exit(main())
