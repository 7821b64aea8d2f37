"""The scenarios by their numbers, and what each run of one leaves for the summary."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from chaos.census import Figures

SCENARIOS = {
    "S1": "a worker is killed in the middle of a slice",
    "S2": "workers are killed again and again",
    "S3": "RabbitMQ stops and starts under load",
    "S4": "PostgreSQL restarts, and its backends are killed",
    "S5": "a half-open connection to RabbitMQ or to PostgreSQL",
    "S6": "a queue is purged",
    "S7": "every message comes twice",
    "S8": "a worker sleeps through its lease and wakes",
    "S9": "SIGTERM under load",
    "S10": "the workers' clocks are five minutes off",
    "S11": "a job that kills every worker it meets",
    "S12": "1,000 jobs a minute, with a burst of ten times that",
    "S13": "a transaction is held open all the time",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One run of one scenario."""

    scenario: str
    test: str
    pace: str
    run: int
    full: bool
    folder: Path | None

    def note(self, figures: Figures, recovery_seconds: float, **more: float) -> None:
        """Write the run's figures down, whether or not they will do."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        fragment = {
            "scenario": self.scenario,
            "test": self.test,
            "pace": self.pace,
            "run": self.run,
            **asdict(figures),
            "recovery_seconds": round(recovery_seconds, 2),
            **more,
        }
        (self.folder / f"{self.scenario}-{self.test}-{self.pace}-{self.run}.json").write_text(json.dumps(fragment))
