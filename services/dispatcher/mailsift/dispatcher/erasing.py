"""Erases a person's data: searches everything, again and again, until a whole search has found nothing.

Every step is a transaction that looks at a bounded part, and writes down how far the search is: whoever is killed,
another goes on from there. What is found is erased where it is found. A job that has read a row before that may still
write it down; so a search is followed by another, begun when those jobs have ended, until one finds nothing.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection, Engine

from mailsift.dispatcher import metrics
from mailsift.dispatcher.erasure import START, Erasure, Position, Standing
from mailsift.dispatcher.repository import erasures, files, searched_files
from mailsift.dispatcher.repository.erasures import LeaseLostError
from mailsift.dispatcher.repository.files import KeptFile
from mailsift.dispatcher.searching import Holding, look_through
from mailsift.dispatcher.walking import WALKS, Walk
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.rewriting import Sought
from mailsift.shared.errors import PermanentError, TransientError
from mailsift.shared.observability.logs import logger
from mailsift.shared.storage import Storage
from mailsift.shared.verdicts import ErasureStatus

log = logger(__name__)

LEASE_SECONDS: Final = 600
"""For one step; the longest is to read a large file."""
_TURN_SECONDS: Final = 20
_PAUSE_SECONDS: Final = 0.5
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class _Files:
    """Files of one kind that are looked through one by one: which is the next, and what is written down of one gone."""

    kind: str
    following: Callable[[Connection, Sought, uuid.UUID], KeptFile | None]
    mark_gone: Callable[[Connection, Sequence[uuid.UUID]], object]


_SOURCES = _Files("sourceFiles", searched_files.next_source, files.mark_sources_deleted)
_OLDER_EXPORTS = _Files("exportFiles", searched_files.next_export_without_rows, searched_files.expire)


@dataclass(frozen=True, slots=True)
class _Doer:
    workspace_id: uuid.UUID
    user_id: uuid.UUID


class Eraser:
    """Goes on with erasures. Any number of processes may do so at once."""

    def __init__(self, engine: Engine, storage: Storage) -> None:
        self._engine = engine
        self._storage = storage
        self._places: dict[str, Callable[[Erasure, Sought], bool]] = {
            **{place: partial(self._walk, walk) for place, walk in WALKS.items()},
            "sourceFiles": partial(self._look_through_a_file, _SOURCES),
            "exportFiles": self._remove_exports,
            "olderExports": partial(self._look_through_a_file, _OLDER_EXPORTS),
        }
        self._order = list(self._places)

    def turn(self, stop: threading.Event) -> int:
        """Go on with whatever was asked for, with each for some seconds; returns how many steps were made."""
        with self._engine.begin() as connection:
            asked = erasures.waiting(connection, _AT_ONCE)
        return sum(0 if stop.is_set() else self._try(erasure_id, stop) for erasure_id in asked)

    def _try(self, erasure_id: uuid.UUID, stop: threading.Event) -> int:
        try:
            return self.go_on(erasure_id, stop)
        except Exception:
            metrics.CHORE_FAILURES.labels("erase").inc()
            # One that cannot go on, be it for a row that somebody holds, keeps no other waiting; the next turn may do.
            log.exception("erasure_failed", erasure_id=str(erasure_id))
            return 0

    def go_on(self, erasure_id: uuid.UUID, stop: threading.Event) -> int:
        """Go on with one erasure for some seconds, unless another process does; returns how many steps were made."""
        with self._engine.begin() as connection:
            erasure = erasures.take(connection, erasure_id, LEASE_SECONDS)
        if erasure is None:
            return 0
        until = time.monotonic() + _TURN_SECONDS
        steps = 0
        try:
            while self._step(erasure):
                steps += 1
                if stop.is_set() or time.monotonic() > until:
                    break
        except LeaseLostError:
            log.warning("erasure_taken_over", erasure_id=str(erasure_id))
        finally:
            with self._engine.begin() as connection:
                erasures.release(connection, erasure)
        return steps

    def see_through(self, addresses: Sequence[str], tell: Callable[[Standing], None]) -> Standing:
        """Erase a person's data from all workspaces, and come back when nothing of it is left.

        A dispatcher that runs goes on with it when this process is ended.
        """
        with self._engine.begin() as connection:
            erasure_id = erasures.add(connection, addresses)
        while True:
            self.go_on(erasure_id, threading.Event())
            with self._engine.begin() as connection:
                standing = erasures.standing(connection, erasure_id)
            if standing.status is ErasureStatus.COMPLETED:
                return standing
            tell(standing)
            time.sleep(_PAUSE_SECONDS)

    def _step(self, erasure: Erasure) -> bool:
        """Look at the next part; whether there is anything to do now."""
        with self._engine.begin() as connection:
            sought = Sought(tuple(erasure.addresses), erasures.workspaces_of(connection, erasure))
            waits = erasure.status is ErasureStatus.WAITING
            # Of all workspaces they would be too many people's, and they go within the hour anyhow.
            if waits and sought.workspaces is not None:
                self._remove(searched_files.forget_previews(connection, sought, erasure.created_at, _AT_ONCE))
            if waits and erasures.still_to_end(connection, erasure, sought):
                return False
            if waits or erasure.place is None:
                erasures.begin_search(connection, erasure, sought)
        erasure.place = erasure.place or self._order[0]
        return self._places[erasure.place](erasure, sought)

    def _walk(self, walk: Walk, erasure: Erasure, sought: Sought) -> bool:
        with self._engine.begin() as connection:
            return self._save(connection, erasure, more=walk(connection, erasure, sought))

    def _look_through_a_file(self, kept: _Files, erasure: Erasure, sought: Sought) -> bool:
        with self._engine.begin() as connection:
            file = kept.following(connection, sought, erasure.position.after)
            if file is None:
                return self._save(connection, erasure, more=False)
        # Outside of a transaction: to read a file may take minutes.
        goes = self._is_to_go(file, erasure)
        if goes:
            self._remove([file])
        with self._engine.begin() as connection:
            erasure.position = Position(after=file.id)
            erasure.files_searched += 1
            if goes:
                kept.mark_gone(connection, [file.id])
                erasure.note(kept.kind, 1)
            return self._save(connection, erasure, more=True)

    def _is_to_go(self, file: KeptFile, erasure: Erasure) -> bool:
        """Whether a file holds the address, or may: no one can look into one that is packed."""
        if file.id in erasure.touched:
            return True
        try:
            with self._storage.open(file.key) as opened:
                return look_through(opened, erasure.addresses) is not Holding.NOT
        except PermanentError:
            # Retention was faster.
            return False

    def _remove_exports(self, erasure: Erasure, _: Sought) -> bool:
        with self._engine.begin() as connection:
            exports = searched_files.touched_exports(connection, erasure, _AT_ONCE)
        self._remove(exports)
        with self._engine.begin() as connection:
            erasure.note("exportFiles", searched_files.expire(connection, [file.id for file in exports]))
            return self._save(connection, erasure, more=len(exports) == _AT_ONCE)

    def _remove(self, found: Sequence[KeptFile]) -> None:
        if len(self._storage.discard(file.key for file in found)) < len(found):
            raise TransientError("storage_unavailable", "a file that may hold the address could not be removed")

    def _save(self, connection: Connection, erasure: Erasure, *, more: bool) -> bool:
        """Write down how far the search is; whether there is anything left to do now."""
        if not more:
            erasure.position = START
            erasure.place = self._after(erasure.place)
        erasures.save(connection, erasure, LEASE_SECONDS)
        if erasure.place is not None:
            return True
        # The first search has erased; only one that was begun later proves anything.
        if erasure.found_now or not erasure.searches:
            erasures.end_search(connection, erasure)
            return True
        _complete(connection, erasure)
        return False

    def _after(self, place: str | None) -> str | None:
        """Return the place that is searched next, None after the last."""
        following = self._order.index(str(place)) + 1
        return self._order[following] if following < len(self._order) else None


def _complete(connection: Connection, erasure: Erasure) -> None:
    erasures.complete(connection, erasure)
    if erasure.workspace_id is not None and erasure.user_id is not None:
        doer = _Doer(erasure.workspace_id, erasure.user_id)
        record(connection, doer, Activity.ERASURE_COMPLETED, erasure.erasure_id, {"erased": erasure.erased})
    log.info("erasure_completed", erasure_id=str(erasure.erasure_id), **erasure.erased)
