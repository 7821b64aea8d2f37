"""Walks the storage, a few pages a turn, and removes what no row tells of."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import Engine

from mailsift.dispatcher.repository.objects import OwnedObject, orphans
from mailsift.shared.storage import FoundObject, Storage

PAGE = 1_000
PAGES_PER_TURN = 20
BETWEEN_WALKS_SECONDS = 3600.0

_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OURS = re.compile(rf"(?:uploads/({_ID})/({_ID})|exports/({_ID})/({_ID})/[\w.-]+)(?:#\d+)?", re.ASCII)


class OrphanSweep:
    """One walk after another, each begun an hour after the last at the earliest, with as many turns as it takes."""

    def __init__(self, engine: Engine, storage: Storage, hours: int, *, page: int = PAGE) -> None:
        self._engine = engine
        self._storage = storage
        self._hours = hours
        self._page = page
        self._pages: Iterator[Sequence[FoundObject]] | None = None
        self._next_walk = 0.0

    def turn(self) -> int:
        """Look at the next pages; returns how many objects were removed."""
        if self._pages is None:
            if time.monotonic() < self._next_walk:
                return 0
            self._next_walk = time.monotonic() + BETWEEN_WALKS_SECONDS
            self._pages = self._storage.pages(self._page)
        pages, self._pages = self._pages, None
        removed = [self._sweep(page) for page in islice(pages, PAGES_PER_TURN)]
        # A walk that failed, or is at its end, is over; the next one begins anew.
        if len(removed) == PAGES_PER_TURN:
            self._pages = pages
        return sum(removed)

    def _sweep(self, page: Sequence[FoundObject]) -> int:
        ours = [owned for found in page if (owned := _owned(found))]
        if not ours:
            return 0
        with self._engine.begin() as connection:
            keys = orphans(connection, ours, self._hours)
        return len(self._storage.discard(keys))


def _owned(found: FoundObject) -> OwnedObject | None:
    """Read a key; None when it is not of the kind that mailsift gives."""
    match = _OURS.fullmatch(found.key)
    if match is None:
        return None
    workspace, subject = (part for part in match.groups() if part)
    return OwnedObject(found.key, found.changed_at, uuid.UUID(workspace), uuid.UUID(subject), found.unfinished)
