"""Walks the tables in which an erasure looks for a person, a bounded part at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from sqlalchemy import Connection

from mailsift.dispatcher.erasure import MAILBOXES, START, Erasure, Position
from mailsift.dispatcher.repository import listed
from mailsift.dispatcher.repository.listed import Stretch
from mailsift.dispatcher.repository.personal import TEXTS
from mailsift.shared.db.rewriting import PAGES_AT_ONCE, Sought, Texts
from mailsift.shared.spellings import fit

Walk = Callable[[Connection, Erasure, Sought], bool]
"""Look at the next part of a place; whether there may be more of it."""
Erase = Callable[[Connection, Stretch, Sought], int]


def _find_mailboxes(connection: Connection, erasure: Erasure, sought: Sought) -> bool:
    """Add the addresses that lead to the same mailbox, as its provider documents it: they are the same person's."""
    stretch = _next_stretch(connection, listed.RESULTS, erasure, sought)
    if stretch is None:
        return False
    room = max(0, MAILBOXES - len(erasure.addresses))
    others = listed.same_mailbox(connection, stretch, erasure.addresses, room + 1)
    taken = others[:room]
    while taken and not fit([*erasure.addresses, *taken]):
        taken.pop()
    erasure.more_mailboxes |= len(taken) < len(others)
    if taken:
        erasure.addresses += taken
        # What was looked at before was not looked through for these.
        erasure.position = START
    return True


def _walk_list(table: str, erase: Erase, connection: Connection, erasure: Erasure, sought: Sought) -> bool:
    stretch = _next_stretch(connection, table, erasure, sought)
    if stretch is None:
        return False
    if listed.is_likely(connection, table, stretch, sought):
        erasure.note(table, erase(connection, stretch, sought), stretch.owner)
    if table != listed.REJECTED:
        erasure.rows_searched += stretch.last - stretch.first
    return True


def _walk_texts(texts: Texts, connection: Connection, erasure: Erasure, sought: Sought) -> bool:
    if sought.workspaces is not None and texts.within is None:
        return False
    first = erasure.position.page
    erasure.note(texts.table, texts.erase(connection, sought, first))
    erasure.position = replace(erasure.position, page=first + PAGES_AT_ONCE)
    return erasure.position.page < texts.pages(connection)


def _next_stretch(connection: Connection, table: str, erasure: Erasure, sought: Sought) -> Stretch | None:
    """Go on in the list that the search is in, or to the next; None at the end of the table."""
    at = erasure.position
    if at.number >= at.last:
        owner = listed.next_owner(connection, table, sought, at.after)
        if owner is None:
            return None
        at = Position(owner, last=listed.last_number(connection, table, owner))
    stretch = Stretch(at.after, at.number, min(at.number + listed.STRETCH, at.last))
    erasure.position = replace(at, number=stretch.last)
    return stretch


WALKS: Final[Mapping[str, Walk]] = {
    "mailboxes": _find_mailboxes,
    listed.ENTRIES: partial(_walk_list, listed.ENTRIES, listed.blank_entries),
    listed.REJECTED: partial(_walk_list, listed.REJECTED, listed.blank_rejected),
    listed.RESULTS: partial(_walk_list, listed.RESULTS, listed.delete_results),
    **{texts.table: partial(_walk_texts, texts) for texts in TEXTS},
}
"""By place, in the order in which a search goes through them."""
