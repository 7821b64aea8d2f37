"""Where one transaction ends and the next begins; pure, the clock is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from mailsift.ingest.entries import UploadEmail, rejection
from mailsift.ingest.rows import RejectedRow


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """A transaction ends at whichever comes first."""

    rows: int = 250_000
    """Of "uploadEmails"."""
    seconds: float = 5.0
    rejected: int = 10_000
    """These wait in memory for the end of the COPY."""


class Batch:
    """The entries of one transaction, once, and what there was to count among them.

    `per_row` entries are a data row, and a row is never parted.
    """

    def __init__(
        self, entries: Iterable[UploadEmail], per_row: int, limits: BatchLimits, clock: Callable[[], float]
    ) -> None:
        self._source = entries
        self._per_row = per_row
        self._limits = limits
        self._clock = clock
        self._entries = 0
        self.emails = 0
        """Entries with an address, right or wrong."""
        self.valid = 0
        self.duplicates = 0
        """Entries known to repeat an address further above."""
        self.rejected: list[RejectedRow] = []

    @property
    def rows(self) -> int:
        """The data rows read so far."""
        return self._entries // self._per_row

    def __iter__(self) -> Iterator[UploadEmail]:
        ends = self._clock() + self._limits.seconds
        for entry in self._source:
            self._count(entry)
            yield entry
            if self._entries % self._per_row == 0 and (self._is_full() or self._clock() >= ends):
                return

    def _count(self, entry: UploadEmail) -> None:
        self._entries += 1
        if entry.email_address is not None:
            self.emails += 1
            self.valid += entry.is_valid_format
            self.duplicates += entry.duplicate_of is not None
        elif rejected := rejection(entry):
            self.rejected.append(rejected)

    def _is_full(self) -> bool:
        return self._entries >= self._limits.rows or len(self.rejected) >= self._limits.rejected


def batches(
    entries: Iterable[UploadEmail], per_row: int, limits: BatchLimits, clock: Callable[[], float]
) -> Iterator[Batch]:
    """Cut the entries into batches, none of them empty; each is read to its end before the next is asked for."""
    source = iter(entries)
    for first in source:
        yield Batch(chain((first,), source), per_row, limits, clock)
