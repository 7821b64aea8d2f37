"""What the summary of all runs says, and what it does not let pass."""

from __future__ import annotations

from typing import Any

from chaos.summary import GATES, Wanted, shortcomings, summarise


def ran(scenario: str = "S1", test: str = "a", pace: str = "twentieth", **figures: float) -> dict[str, Any]:
    clean = dict.fromkeys(GATES, 0) | {"recovery_seconds": 5.0}
    return {"scenario": scenario, "test": test, "pace": pace, "run": 1, **clean, **figures}


def test_counts_are_summed_and_of_times_the_worst_is_kept() -> None:
    runs = [ran(lost=1), ran(lost=2, recovery_seconds=7.5), ran(pace="production", recovery_seconds=100)]
    (scenario,) = summarise(runs)["scenarios"]
    assert (scenario["scenario"], scenario["lost"], scenario["runs"]) == ("S1", 3, 3)
    assert (scenario["recovery_seconds"], scenario["recovery_seconds_at_production_values"]) == (7.5, 100)


def test_a_run_of_a_scenario_takes_all_its_tests() -> None:
    (scenario,) = summarise([ran(test="a"), ran(test="a"), ran(test="b")])["scenarios"]
    assert scenario["runs"] == 1


def test_what_a_scenario_measures_besides_is_kept_at_its_worst() -> None:
    (scenario,) = summarise([ran(start_p95_seconds=0.1), ran(start_p95_seconds=0.3)])["scenarios"]
    assert scenario["start_p95_seconds"] == 0.3


def test_zeros_in_all_runs_fall_short_of_nothing() -> None:
    assert shortcomings([ran(), ran(pace="production")], Wanted(["S1"], {"twentieth": 1, "production": 1})) == []


def test_a_broken_gate_and_a_run_that_did_not_end_are_told() -> None:
    said = shortcomings([ran(stale_writes=1)], Wanted(["S1", "S2"], {"twentieth": 1}))
    assert said == ["S1: stale_writes 1", "S2: 0 of 1 runs at twentieth values came to their end"]
