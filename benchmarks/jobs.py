"""Measures the job engine beside actors that do nothing: `PYTHONPATH=tests python -m benchmarks.jobs`."""

from __future__ import annotations

from benchmarks import throughput
from benchmarks.site import ground
from benchmarks.throughput import Throughput

_ROUNDS = 2
_SECONDS = 6


def main() -> None:
    """Measure both in turn, so that what else the machine does weighs on both."""
    with ground() as servers:
        for _ in range(_ROUNDS):
            _show("no-op actors", throughput.noop(servers, _SECONDS))
            _show("jobs", throughput.engine(servers, _SECONDS))


def _show(what: str, figures: Throughput) -> None:
    parts = ", ".join(f"{part} {ms:.2f}" for part, ms in sorted(figures.processor_ms.items()))
    print(f"{what}: {figures.per_second:.0f} a second; processor ms each: {parts}")


if __name__ == "__main__":
    main()
