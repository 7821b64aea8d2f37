"""Walks the storage, a few pages a turn, and removes what no row tells of."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import Engine

from mailsift.dispatcher.repository.objects import OwnedObject, begin_walk, orphans
from mailsift.shared.errors import PermanentError
from mailsift.shared.storage import FoundObject, Storage

PAGE = 1_000
PAGES_PER_TURN = 20
BETWEEN_WALKS_SECONDS = 3600.0

_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OURS = re.compile(rf"(?:uploads/({_ID})/({_ID})|exports/({_ID})/({_ID})/[\w.-]+)(?:#\d+)?", re.ASCII)
_CONTESTED = b"contested"
_LONGEST = 32


class FilesClaimedTwice(Exception):
    """More than one database takes itself for the one that these files belong to."""


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
            self._claim()
            self._next_walk = time.monotonic() + BETWEEN_WALKS_SECONDS
            self._pages = self._storage.pages(self._page)
        pages, self._pages = self._pages, None
        removed = [self._sweep(page) for page in islice(pages, PAGES_PER_TURN)]
        # A walk that failed, or is at its end, is over; the next one begins anew.
        if len(removed) == PAGES_PER_TURN:
            self._pages = pages
        return sum(removed)

    def _claim(self) -> None:
        """Go on where the last walk of this database ended, or not at all. Raises FilesClaimedTwice.

        To a database that was restored, and to a copy of one, the files that came later look as if no row told of them.
        But then the storage has seen more walks than the database knows of, or some that it does not: nobody removes
        anything until an operator has said whose the files are. A walk that was noted and then cut off is no such case.
        """
        with self._engine.begin() as connection:
            walk = begin_walk(connection)
        key = f"sweeps/{walk.deployment_id}"
        seen = self._last_seen(key)
        if seen not in {None, str(walk.number - 1), str(walk.number - 2)}:
            self._storage.write(key, [_CONTESTED])
            raise FilesClaimedTwice(
                f"a copy of this database works on these files too, or it was restored from before their last walk:"
                f" files of which no row tells stay. Once nobody else uses them, delete {key} from the storage"
            )
        self._storage.write(key, [str(walk.number).encode()])

    def _last_seen(self, key: str) -> str | None:
        try:
            with self._storage.open(key) as stream:
                return stream.read(_LONGEST).decode(errors="replace")
        except PermanentError:
            return None

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
