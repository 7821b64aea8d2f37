"""Where one transaction ends and the next begins; pure, the clock is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from mailsift.ingest.entries import Counts, Entries
from mailsift.ingest.formats.runs import Runs

_AT_A_TIME: Final = 64 * 1024
"""Characters."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """A transaction ends when it comes to any of these, or with the run of rows that brings it there."""

    rows: int = 250_000
    """Of "uploadEmails"."""
    seconds: float = 5.0
    rejected: int = 10_000
    """These wait in memory for the end of the COPY."""


class Batch:
    """The rows of one transaction, once, as the lines of their entries, and what there was to count among them."""

    def __init__(self, runs: Runs, entries: Entries, limits: BatchLimits, clock: Callable[[], float]) -> None:
        self._runs = runs
        self._entries = entries
        self._limits = limits
        self._clock = clock
        self.counts = Counts()

    def __iter__(self) -> Iterator[str]:
        """Whole rows, many at a time; the clock is looked at in between."""
        counts, limits = self.counts, self._limits
        most_rows = limits.rows / self._entries.per_row
        ends = self._clock() + limits.seconds
        lines, length, is_full = [], 0, False
        for run in self._runs:
            written = self._entries.write(run, counts)
            lines.append(written)
            length += len(written)
            is_full = counts.rows >= most_rows or len(counts.rejected) >= limits.rejected
            if length >= _AT_A_TIME or is_full:
                yield "".join(lines)
                if is_full or self._clock() >= ends:
                    return
                lines, length = [], 0
        if lines:
            yield "".join(lines)


def batches(runs: Runs, entries: Entries, limits: BatchLimits, clock: Callable[[], float]) -> Iterator[Batch]:
    """Cut the rows into batches, none of them empty; each is read to its end before the next is asked for."""
    source = iter(runs)
    for first in source:
        yield Batch(chain((first,), source), entries, limits, clock)
