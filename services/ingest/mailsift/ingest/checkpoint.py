"""How far a file has been loaded, and how it is read: what the next attempt goes on from; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from mailsift.ingest.batching import Batch
from mailsift.ingest.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Committed with the rows it counts, so a kill loses none and doubles none.

    The dialect is kept too: a later release that would judge the file differently must not change its mind halfway.
    """

    dialect: Dialect
    rows: int = 0
    emails: int = 0
    valid: int = 0
    rejected: int = 0
    duplicates: int = 0
    """Those that were known when they were loaded."""

    def after(self, batch: Batch) -> Self:
        """Return where the file stands once a batch has been read to its end."""
        counts = batch.counts
        return replace(
            self,
            rows=self.rows + counts.rows,
            emails=self.emails + counts.emails,
            valid=self.valid + counts.valid,
            rejected=self.rejected + len(counts.rejected),
            duplicates=self.duplicates + counts.duplicates,
        )

    def to_json(self) -> dict[str, Any]:
        """Give it the shape of the column `checkpoint`."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(**{**stored, "dialect": Dialect.from_json(stored["dialect"])})
