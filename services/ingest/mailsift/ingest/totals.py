"""What a list came to: the counts of its upload, and what is odd about them; pure."""

from __future__ import annotations

from dataclasses import dataclass

from mailsift.ingest.checkpoint import Checkpoint
from mailsift.shared.verdicts import UploadWarning


@dataclass(frozen=True, slots=True)
class Totals:
    """The counts of a list that was read to its end."""

    rows: int
    emails: int
    valid: int
    duplicates: int
    rejected: int
    suppressed: int = 0

    @classmethod
    def of(cls, state: Checkpoint, duplicates: int, suppressed: int) -> Totals:
        """Sum up a list: what was counted while it was loaded, its repeated addresses and its suppressed ones."""
        return cls(state.rows, state.emails, state.valid, duplicates, state.rejected, suppressed)

    @property
    def duplicate_share(self) -> float:
        """How many of the addresses repeat others, from 0 to 1."""
        return self.duplicates / self.emails if self.emails else 0.0

    @property
    def warnings(self) -> tuple[UploadWarning, ...]:
        """What the user should look at before going on."""
        return (UploadWarning.MOSTLY_DUPLICATES,) if self.duplicate_share > 0.5 else ()

    def to_json(self) -> dict[str, int]:
        """Give them the names that users see."""
        return {
            "totalRows": self.rows,
            "totalEmails": self.emails,
            "validEmails": self.valid,
            "duplicateEmails": self.duplicates,
            "suppressedEmails": self.suppressed,
            "rejectedRows": self.rejected,
        }
