"""Where one transaction ends and the next begins; pure, the clock is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from mailsift.ingest.rows import RejectedRow, UploadEmail, rejection


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """A transaction ends at whichever comes first."""

    rows: int = 250_000
    seconds: float = 5.0
    rejected: int = 10_000
    """These wait in memory for the end of the COPY."""


class Batch:
    """The rows of one transaction, once, and what there was to count among them."""

    def __init__(self, rows: Iterable[UploadEmail], limits: BatchLimits, clock: Callable[[], float]) -> None:
        self._source = rows
        self._limits = limits
        self._clock = clock
        self.rows = 0
        self.emails = 0
        """Rows with an address, right or wrong."""
        self.valid = 0
        self.last_sequence_number = 0
        """The checkpoint, once the rows have been read."""
        self.rejected: list[RejectedRow] = []

    def __iter__(self) -> Iterator[UploadEmail]:
        ends = self._clock() + self._limits.seconds
        for row in self._source:
            self._count(row)
            yield row
            if self._is_full() or self._clock() >= ends:
                return

    def _count(self, row: UploadEmail) -> None:
        self.rows += 1
        self.last_sequence_number = row.sequence_number
        if row.email_address is not None:
            self.emails += 1
            self.valid += row.is_valid_format
        elif rejected := rejection(row):
            self.rejected.append(rejected)

    def _is_full(self) -> bool:
        return self.rows >= self._limits.rows or len(self.rejected) >= self._limits.rejected


def batches(rows: Iterable[UploadEmail], limits: BatchLimits, clock: Callable[[], float]) -> Iterator[Batch]:
    """Cut the rows into batches, none of them empty; each is read to its end before the next is asked for."""
    source = iter(rows)
    for first in source:
        yield Batch(chain((first,), source), limits, clock)
