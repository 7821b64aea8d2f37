"""Erases a person's data: searches everything, again and again, until a whole search has found nothing.

Every step is a transaction that looks at a bounded part, and writes down how far the search is: whoever is killed,
another goes on from there. What is found is erased where it is found. A job that has read a row before that may still
write it down; so a search is followed by another, begun when those jobs have ended, until one finds nothing.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection, Engine

from mailsift.dispatcher import metrics
from mailsift.dispatcher.reports import Erased
from mailsift.dispatcher.repository import erasures, files, listed, searched_files
from mailsift.dispatcher.repository.erasures import Erasure, LeaseLostError, Standing
from mailsift.dispatcher.repository.files import KeptFile
from mailsift.dispatcher.repository.listed import Stretch
from mailsift.dispatcher.repository.personal import TEXTS
from mailsift.dispatcher.searching import Holding, look_through
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.rewriting import PAGES_AT_ONCE, Sought, Texts
from mailsift.shared.errors import PermanentError, TransientError
from mailsift.shared.observability.logs import logger
from mailsift.shared.storage import Storage

log = logger(__name__)

LEASE_SECONDS: Final = 600
"""For one step; the longest is to read a large file."""
MAILBOXES: Final = 100
"""Addresses that one erasure may be about."""
_TURN_SECONDS: Final = 20
_PAUSE_SECONDS: Final = 0.5
_AT_ONCE: Final = 100
_NOBODY: Final = uuid.UUID(int=0)

Look = Callable[[Connection, Erasure, Sought], bool]
"""Look at the next part of a place; whether there may be more of it."""
Erase = Callable[[Connection, Stretch, Sought], int]
Following = Callable[[Connection, Sought, uuid.UUID], KeptFile | None]
Mark = Callable[[Connection, Sequence[uuid.UUID]], object]


class Eraser:
    """Goes on with erasures. Any number of processes may do so at once."""

    def __init__(self, engine: Engine, storage: Storage) -> None:
        self._engine = engine
        self._storage = storage
        places: dict[str, Look] = {
            "mailboxes": _find_mailboxes,
            listed.ENTRIES: partial(_walk_list, listed.ENTRIES, listed.blank_entries),
            listed.REJECTED: partial(_walk_list, listed.REJECTED, listed.blank_rejected),
            listed.RESULTS: partial(_walk_list, listed.RESULTS, listed.delete_results),
            **{texts.table: partial(_walk_texts, texts) for texts in TEXTS},
        }
        self._places: dict[str, Callable[[Erasure, Sought], bool]] = {
            **{place: partial(self._in_one_transaction, look) for place, look in places.items()},
            "sourceFiles": partial(
                self._look_through_a_file, "sourceFiles", searched_files.next_source, files.mark_sources_deleted
            ),
            "exportFiles": self._remove_exports,
            "olderExports": partial(
                self._look_through_a_file, "exportFiles", searched_files.next_export_without_rows, searched_files.expire
            ),
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

    def see_through(self, addresses: Sequence[str], tell: Callable[[Standing], None]) -> Erased:
        """Erase a person's data from all workspaces, and come back with the proof.

        A dispatcher that runs goes on with it when this process is ended.
        """
        with self._engine.begin() as connection:
            erasure_id = erasures.add(connection, addresses)
        while True:
            self.go_on(erasure_id, threading.Event())
            with self._engine.begin() as connection:
                standing = erasures.standing(connection, erasure_id)
            if standing.completed_at is not None:
                return _proof(standing, standing.completed_at)
            tell(standing)
            time.sleep(_PAUSE_SECONDS)

    def _step(self, erasure: Erasure) -> bool:
        """Look at the next part; whether there is anything to do now."""
        with self._engine.begin() as connection:
            sought = Sought(tuple(erasure.addresses), erasures.workspaces_of(connection, erasure))
            if erasure.status == "waiting" and erasures.still_to_end(connection, erasure, sought):
                return False
            if erasure.status == "waiting" or erasure.place is None:
                erasures.begin_search(connection, erasure, sought)
        erasure.place = erasure.place or self._order[0]
        return self._places[erasure.place](erasure, sought)

    def _in_one_transaction(self, look: Look, erasure: Erasure, sought: Sought) -> bool:
        with self._engine.begin() as connection:
            return self._save(connection, erasure, more=look(connection, erasure, sought))

    def _look_through_a_file(
        self, kind: str, following: Following, mark: Mark, erasure: Erasure, sought: Sought
    ) -> bool:
        with self._engine.begin() as connection:
            file = following(connection, sought, _after(erasure))
        # Outside of a transaction: to read a file may take minutes.
        gone = file is not None and self._is_to_go(file, erasure)
        if gone and file is not None:
            self._remove([file])
        with self._engine.begin() as connection:
            if file is not None:
                erasure.position = {"after": str(file.id)}
                erasure.files_searched += 1
            if gone and file is not None:
                mark(connection, [file.id])
                erasure.note(kind, 1)
            return self._save(connection, erasure, more=file is not None)

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
            raise TransientError("storage_unavailable", "a file with the address could not be removed")

    def _save(self, connection: Connection, erasure: Erasure, *, more: bool) -> bool:
        """Write down how far the search is; whether there is anything left to do now."""
        if not more:
            number = self._order.index(str(erasure.place)) + 1
            erasure.position = {}
            erasure.place = self._order[number] if number < len(self._order) else None
        erasures.save(connection, erasure, LEASE_SECONDS)
        if erasure.place is not None:
            return True
        # The first search has erased; only one that was begun later proves anything.
        if erasure.found_now or not erasure.searches:
            erasures.end_search(connection, erasure)
            return True
        self._complete(connection, erasure)
        return False

    @staticmethod
    def _complete(connection: Connection, erasure: Erasure) -> None:
        erasures.complete(connection, erasure)
        if erasure.workspace_id is not None and erasure.user_id is not None:
            doer = _Doer(erasure.workspace_id, erasure.user_id)
            record(connection, doer, Activity.ERASURE_COMPLETED, erasure.erasure_id, {"erased": erasure.erased})
        log.info("erasure_completed", erasure_id=str(erasure.erasure_id), **erasure.erased)


def _proof(standing: Standing, completed_at: dt.datetime) -> Erased:
    return Erased(
        erasure_id=standing.erasure_id,
        status=standing.status,
        erased=dict(standing.erased),
        # It would not be completed otherwise.
        remaining=0,
        searches=standing.searches,
        rows_searched=standing.rows_searched,
        files_searched=standing.files_searched,
        completed_at=completed_at,
    )


@dataclass(frozen=True, slots=True)
class _Doer:
    workspace_id: uuid.UUID
    user_id: uuid.UUID


def _find_mailboxes(connection: Connection, erasure: Erasure, sought: Sought) -> bool:
    """Add the addresses that lead to the same mailbox, as its provider documents it: they are the same person's."""
    stretch = _next_stretch(connection, listed.RESULTS, erasure, sought)
    if stretch is None:
        return False
    room = MAILBOXES - len(erasure.addresses)
    others = listed.same_mailbox(connection, stretch, erasure.addresses, room) if room else []
    if others:
        erasure.addresses += others
        # What was looked at before was not looked through for these.
        erasure.position = {}
    return True


def _walk_list(table: str, erase: Erase, connection: Connection, erasure: Erasure, sought: Sought) -> bool:
    stretch = _next_stretch(connection, table, erasure, sought)
    if stretch is None:
        return False
    if listed.is_likely(connection, table, stretch, sought):
        erasure.note(table, erase(connection, stretch, sought), stretch.owner)
    if table != listed.REJECTED:
        erasure.rows_searched += max(0, stretch.last - stretch.first)
    return True


def _walk_texts(texts: Texts, connection: Connection, erasure: Erasure, sought: Sought) -> bool:
    if sought.workspaces is not None and texts.within is None:
        return False
    first = int(erasure.position.get("page", 0))
    erasure.note(texts.table, texts.erase(connection, sought, first))
    erasure.position = {"page": first + PAGES_AT_ONCE}
    return first + PAGES_AT_ONCE < texts.pages(connection)


def _next_stretch(connection: Connection, table: str, erasure: Erasure, sought: Sought) -> Stretch | None:
    """Go on in the list that the search is in, or to the next; None at the end of the table."""
    owner, first = _after(erasure), int(erasure.position.get("number", 0))
    last = int(erasure.position.get("last", 0))
    if first >= last:
        following = listed.next_owner(connection, table, sought, owner)
        if following is None:
            return None
        owner, first, last = following, 0, listed.last_number(connection, table, following)
    stretch = Stretch(owner, first, min(first + listed.STRETCH, last))
    erasure.position = {"after": str(owner), "number": stretch.last, "last": last}
    return stretch


def _after(erasure: Erasure) -> uuid.UUID:
    return uuid.UUID(erasure.position.get("after", str(_NOBODY)))
