"""What a soak has to show: figures with their gates, in a file that is written again and again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlalchemy import Engine, text

from chaos.soak.judge import GATES

WORKER_MEGABYTES = 500


@dataclass(slots=True)
class Storm:
    """One disturbance, in seconds since the beginning and in length."""

    kind: str
    whom: str
    at_seconds: float
    seconds: float = 0
    # None: what had been accepted when it was over did not end in time.
    recovery_seconds: float | None = None
    error: str = ""


@dataclass(slots=True)
class Report:
    """The figures so far."""

    seed: int
    pace: str
    hours: float = 0
    jobs: int = 0
    jobs_per_minute: float = 0
    gates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GATES, 0))
    judged: dict[str, int] = field(default_factory=dict)
    wait_seconds_p50: float = 0
    wait_seconds_p95: float = 0
    recovery_seconds_longest: float = 0
    worker_megabytes: float = 0
    worker_megabytes_by_name: dict[str, float] = field(default_factory=dict)
    database_megabytes: float = 0
    held_seconds: float = 0
    requests_refused: int = 0
    last_refusal: str = ""
    restarts: int = 0
    restarts_of_the_dead: int = 0
    complete: bool = False
    passed: bool = False
    disturbances: list[Storm] = field(default_factory=list)

    def broken(self) -> list[str]:
        """Name the gates that did not hold."""
        too_large = ["worker_megabytes"] if self.worker_megabytes >= WORKER_MEGABYTES else []
        return [*(name for name, count in self.gates.items() if count), *too_large]

    def write(self, path: Path) -> None:
        self.passed = self.complete and not self.broken()
        path.parent.mkdir(parents=True, exist_ok=True)
        figures = asdict(self)
        path.write_text(json.dumps({**figures.pop("gates"), **figures, "broken": self.broken()}, indent=2) + "\n")


def percentile(engine: Engine, share: float) -> float:
    """Return within how many seconds so many of the jobs began, while nothing was disturbed."""
    statement = text("""
        SELECT min(milliseconds) FROM (
            SELECT milliseconds, sum(jobs) OVER (ORDER BY milliseconds) / sum(jobs) OVER () AS share FROM chaos.waits
        ) AS spread WHERE share >= :share""")
    with engine.begin() as connection:
        return float(connection.scalar(statement, {"share": share}) or 0) / 1000


def kinds(totals: Mapping[str, int], other: Sequence[str]) -> dict[str, int]:
    return {name: count for name, count in sorted(totals.items()) if name not in {*GATES, *other}}
