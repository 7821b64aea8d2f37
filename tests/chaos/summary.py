"""From the figures of all runs to build/chaos.json: one object per scenario, and whether every gate held; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.pace import PRODUCTION, TWENTIETH
from chaos.record import SCENARIOS

GATES = ("lost", "finalised_twice", "stale_writes", "rows_missing", "rows_doubled")

Run = Mapping[str, Any]
"""The figures of one run of one test of a scenario."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How often each scenario is to be run, by the name of the pace."""

    scenarios: Sequence[str]
    runs: Mapping[str, int]


def summarise(runs: Iterable[Run]) -> dict[str, Any]:
    """Sum up what must be zero, and keep the worst of what takes time."""
    found = list(runs)
    return {
        "scenarios": [_scenario(name, found) for name in SCENARIOS if any(run["scenario"] == name for run in found)]
    }


def _scenario(name: str, runs: Sequence[Run]) -> dict[str, Any]:
    own = [run for run in runs if run["scenario"] == name]
    fast, real = ([run for run in own if run["pace"] == pace.name] for pace in (TWENTIETH, PRODUCTION))
    return {
        "scenario": name,
        "title": SCENARIOS[name],
        **{gate: sum(run[gate] for run in own) for gate in GATES},
        "recovery_seconds": _worst(fast or real, "recovery_seconds"),
        "recovery_seconds_at_production_values": _worst(real, "recovery_seconds"),
        "runs": _complete(fast) + _complete(real),
        "runs_at_production_values": _complete(real),
        **{key: _worst(own, key) for key in sorted(_others(own))},
    }


def shortcomings(runs: Iterable[Run], wanted: Wanted) -> list[str]:
    """Say which gates broke and which runs did not come to their end."""
    found = list(runs)
    said = []
    for name in wanted.scenarios:
        own = [run for run in found if run["scenario"] == name]
        said += [f"{name}: {gate} {count}" for gate in GATES if (count := sum(run[gate] for run in own))]
        for pace, times in wanted.runs.items():
            done = _complete([run for run in own if run["pace"] == pace])
            if done < times:
                said.append(f"{name}: {done} of {times} runs at {pace} values came to their end")
    return said


def _complete(runs: Sequence[Run]) -> int:
    """Count the runs in which every test of a scenario took part."""
    return min(Counter(run["test"] for run in runs).values(), default=0)


def _worst(runs: Sequence[Run], key: str) -> float | None:
    return max((run[key] for run in runs if key in run), default=None)


def _others(runs: Sequence[Run]) -> set[str]:
    return {key for run in runs for key in run} - {*GATES, "scenario", "test", "pace", "run", "recovery_seconds"}
