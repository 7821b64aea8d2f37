"""What was measured: numbers with their goals, a table for people, a file for programs."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Spread:
    """How times are spread, in milliseconds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def verdict(self) -> str:
        """Say what the goal is and whether it is met; nothing when there is none."""
        if self.at_least is not None:
            return f"{'met' if self.value >= self.at_least else 'MISSED'} (goal {self.at_least:g} or more)"
        if self.at_most is not None:
            return f"{'met' if self.value < self.at_most else 'MISSED'} (goal below {self.at_most:g})"
        return ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What one benchmark found: lines for people, and what it writes to the file."""

    figures: Sequence[Figure]
    record: Mapping[str, object]


def spread(seconds: Sequence[float]) -> Spread:
    """Return the percentiles of times in seconds."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return Spread(*(round(1000 * cuts[share - 1], 2) for share in (50, 95, 99)))


def table(figures: Sequence[Figure]) -> str:
    """Lay out figures for people."""
    width = max(len(figure.name) for figure in figures)
    return "\n".join(f"{f.name:<{width}}  {f.value:>10,.2f} {f.unit:<4} {f.verdict}".rstrip() for f in figures)


def merge(path: Path, record: Mapping[str, object]) -> None:
    """Write a record into a JSON file, beside what other benchmarks wrote there."""
    found = json.loads(path.read_text()) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**found, **record}, indent=2, sort_keys=True) + "\n")


def say(words: str) -> None:
    """Tell whoever waits how far it is."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
