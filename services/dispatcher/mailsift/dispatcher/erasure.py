"""One erasure as a process goes on with it, and how it stands for whoever asked for it; pure."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from mailsift.shared.verdicts import ErasureStatus

MAILBOXES: Final = 100
"""Addresses that one erasure may be about."""


_NOBODY: Final = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a place a search is: after which list or file, at which of its numbers up to the last, at which page."""

    after: uuid.UUID = _NOBODY
    number: int = 0
    last: int = 0
    page: int = 0

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Position:
        """Read what `stored` wrote; what it does not say is where a place begins."""
        return cls(**{**stored, **({"after": uuid.UUID(stored["after"])} if "after" in stored else {})})

    def stored(self) -> str:
        """Write it as JSON."""
        return json.dumps(asdict(self), default=str)


START: Final = Position()


@dataclass(slots=True)
class Erasure:
    """One that this process goes on with. It changes as the work goes on, and the repository writes it down."""

    erasure_id: uuid.UUID
    workspace_id: uuid.UUID | None
    user_id: uuid.UUID | None
    token: uuid.UUID
    status: ErasureStatus
    addresses: list[str]
    more_mailboxes: bool
    searches: int
    place: str | None
    position: Position
    found_now: int
    erased: dict[str, int]
    rows_searched: int
    files_searched: int
    touched: list[uuid.UUID]
    searched_at: dt.datetime | None
    created_at: dt.datetime

    def note(self, place: str, found: int, touched: uuid.UUID | None = None) -> None:
        """Count what was erased somewhere."""
        if found:
            self.erased[place] = self.erased.get(place, 0) + found
            self.found_now += found
            if touched is not None and touched not in self.touched:
                self.touched.append(touched)

    def begin(self) -> None:
        """Start a search, from the first place."""
        self.status, self.place, self.position = ErasureStatus.SEARCHING, None, START
        self.found_now = self.rows_searched = self.files_searched = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How an erasure stands."""

    erasure_id: uuid.UUID
    workspace_id: uuid.UUID | None
    status: ErasureStatus
    more_mailboxes: bool
    searches: int
    place: str | None
    erased: Mapping[str, int]
    rows_searched: int
    rows_expected: int
    files_searched: int
    waiting_for: int
    created_at: dt.datetime
    completed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many erasures are open, and for how long the first of them has been."""

    open: int
    oldest_seconds: float
