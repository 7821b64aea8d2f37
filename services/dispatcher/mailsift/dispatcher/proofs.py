"""What the operator's command says of erasures; pure."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from mailsift.dispatcher.erasure import MAILBOXES, Standing
from mailsift.dispatcher.reports import table, written
from mailsift.shared.verdicts import ErasureStatus

_ERASURE_HEADINGS = ("erasure", "workspace", "asked for", "status", "search", "at", "waits for")
_MORE_MAILBOXES = f"more than {MAILBOXES} addresses lead to the same mailbox: name the others, and erase again"


@dataclass(frozen=True, slots=True)
class Erased:
    """What was found of a person and erased, and that nothing is left: the proof, which does not say whose it is."""

    erasure_id: uuid.UUID
    status: ErasureStatus
    erased: dict[str, int]
    remaining: int
    more_mailboxes: bool
    searches: int
    rows_searched: int
    files_searched: int
    completed_at: dt.datetime | None
    found = True

    @classmethod
    def of(cls, standing: Standing) -> Erased:
        """Say it of one that is completed: it would not be, if anything remained."""
        return cls(
            erasure_id=standing.erasure_id,
            status=standing.status,
            erased=dict(standing.erased),
            remaining=0,
            more_mailboxes=standing.more_mailboxes,
            searches=standing.searches,
            rows_searched=standing.rows_searched,
            files_searched=standing.files_searched,
            completed_at=standing.completed_at,
        )

    def lines(self) -> list[str]:
        """Lay it out by place."""
        counts = [(place, f"{count:,}") for place, count in sorted(self.erased.items())]
        searched = f"{self.rows_searched:,} rows, {self.files_searched:,} files"
        return [
            *table([("place", "erased"), *counts]),
            f"search {self.searches} went through everything ({searched}): {self.remaining} remain",
            *([_MORE_MAILBOXES] if self.more_mailboxes else []),
            f"erasure {self.erasure_id}, completed {written(self.completed_at)}",
        ]


@dataclass(frozen=True, slots=True)
class OpenErasures:
    """Erasures that are not completed, the oldest first."""

    erasures: list[Standing]
    found = True

    def lines(self) -> list[str]:
        """Lay a table out."""
        return table([_ERASURE_HEADINGS, *map(_open, self.erasures)])


@dataclass(frozen=True, slots=True)
class NotErased:
    """Why nothing was searched."""

    reason: str
    found = False

    def lines(self) -> list[str]:
        """Say it."""
        return [self.reason]


def _open(erasure: Standing) -> tuple[str, ...]:
    whose = "all" if erasure.workspace_id is None else str(erasure.workspace_id)
    search, waits = str(erasure.searches + 1), str(erasure.waiting_for)
    asked_for = written(erasure.created_at)
    return (str(erasure.erasure_id), whose, asked_for, erasure.status, search, erasure.place or "-", waits)
