"""What a soak has to show: figures with their gates, in a file that is written again and again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlalchemy import Engine, text

from chaos.soak.judge import GATES

_WORKER_MEGABYTES = 500


@dataclass(slots=True)
class Storm:
    """One disturbance: what, when and to whom, how long it lasted, and what followed."""

    kind: str
    at_seconds: float
    whom: str = ""
    seconds: float = 0
    recovery_seconds: float | None = None
    """Until all had ended that was accepted when it was over; None: it did not in time, or not yet."""
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
    """Until a job's first claim, outside of disturbances and of the smallest plan."""
    recovery_seconds_longest: float = 0
    worker_megabytes: dict[str, float] = field(default_factory=dict)
    own_megabytes: float = 0
    database_megabytes: float = 0
    held_seconds: float = 0
    """For how long nobody asked because too much was open."""
    requests_refused: int = 0
    last_refusal: str = ""
    restarts: int = 0
    restarts_of_the_dead: int = 0
    """Of these, processes that ran and did not answer as living ones do."""
    complete: bool = False
    """All that was asked for has been judged."""
    cut_short: bool = False
    """Somebody ended the load before its time."""
    disturbances: Sequence[Storm] = ()

    def judge_storms(self, storms: Sequence[Storm]) -> None:
        """Take in the disturbances so far; the last may still be going on."""
        self.disturbances = list(storms)
        over = storms if self.complete else storms[:-1]
        self.gates["unrecovered"] = sum(storm.recovery_seconds is None for storm in over)
        self.gates["failed_disturbances"] = sum(bool(storm.error) for storm in over)
        self.recovery_seconds_longest = max((storm.recovery_seconds or 0 for storm in storms), default=0)

    def broken(self) -> list[str]:
        """Name the gates that did not hold."""
        large = ["worker_megabytes"] if max(self.worker_megabytes.values(), default=0) >= _WORKER_MEGABYTES else []
        return [*(name for name, count in self.gates.items() if count), *large]

    @property
    def passed(self) -> bool:
        return self.complete and not self.broken()

    def write(self, path: Path) -> None:
        figures = asdict(self)
        verdict = {"passed": self.passed, "broken": self.broken()}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**verdict, **figures.pop("gates"), **figures}, indent=2) + "\n")


def percentile(engine: Engine, share: float) -> float:
    """Return within how many seconds so many of the jobs began, while nothing was disturbed."""
    statement = text("""
        SELECT min(milliseconds) FROM (
            SELECT milliseconds, sum(jobs) OVER (ORDER BY milliseconds) / sum(jobs) OVER () AS share FROM chaos.waits
        ) AS spread WHERE share >= :share""")
    with engine.begin() as connection:
        return float(connection.scalar(statement, {"share": share}) or 0) / 1000
