"""Where one transaction ends and the next begins; pure, the clock is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from mailsift.ingest.entries import Counts, Entries
from mailsift.ingest.rows import RejectedRow, Row


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """A transaction ends after the row with which it comes to any of these."""

    rows: int = 250_000
    """Of "uploadEmails"."""
    seconds: float = 5.0
    rejected: int = 10_000
    """These wait in memory for the end of the COPY."""


class Batch:
    """The rows of one transaction, once, each as the lines of its entries, and what there was to count among them."""

    def __init__(
        self, rows: Iterable[Row | RejectedRow], entries: Entries, limits: BatchLimits, clock: Callable[[], float]
    ) -> None:
        self._rows = rows
        self._entries = entries
        self._limits = limits
        self._clock = clock
        self.counts = Counts()

    def __iter__(self) -> Iterator[str]:
        write, counts, limits, clock = self._entries.write, self.counts, self._limits, self._clock
        most_rows = -(-limits.rows // self._entries.per_row)
        ends = clock() + limits.seconds
        for row in self._rows:
            yield write(row, counts)
            if counts.rows >= most_rows or len(counts.rejected) >= limits.rejected or clock() >= ends:
                return


def batches(
    rows: Iterable[Row | RejectedRow], entries: Entries, limits: BatchLimits, clock: Callable[[], float]
) -> Iterator[Batch]:
    """Cut the rows into batches, none of them empty; each is read to its end before the next is asked for."""
    source = iter(rows)
    for first in source:
        yield Batch(chain((first,), source), entries, limits, clock)
