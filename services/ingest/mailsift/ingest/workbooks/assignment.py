"""What the process that reads a workbook is told when it is started; pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self

from mailsift.ingest.dialect import Way


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which file to read, how, and within what."""

    descriptor: int
    """The open file."""
    size: int
    way: Way
    parent: int
    """The process that asks."""
    memory_bytes: int
    cpu_seconds: int
    expanded_bytes: int
    row_characters: int
    """A longer row is given up, but for its beginning."""
    beginning_characters: int

    def to_argument(self) -> str:
        """Write it for a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_argument(cls, argument: str) -> Self:
        """Read it back."""
        values = json.loads(argument)
        return cls(**{**values, "way": Way(values["way"])})
