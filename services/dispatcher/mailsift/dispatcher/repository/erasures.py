"""Erasures that were asked for: which is to be gone on with, how far it is, what it waits for."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from mailsift.shared.db.rewriting import Sought
from mailsift.shared.jobs.repository import erasing

# One of each workspace before the second of any, and in any order: what waits or fails for long is in nobody's way.
_OPEN = text("""
    SELECT "erasureId" FROM (
        SELECT "erasureId", row_number() OVER (PARTITION BY "workspaceId" ORDER BY random()) AS turn
        FROM erasures WHERE status <> 'completed') AS asked
    ORDER BY turn, random() LIMIT :most""")

_TAKE = text("""
    UPDATE erasures SET "leaseToken" = gen_random_uuid(),
        "leaseUntil" = clock_timestamp() + make_interval(secs => :secs),
        status = CASE status WHEN 'pending' THEN 'searching' ELSE status END
    WHERE "erasureId" = :id AND status <> 'completed'
        AND ("leaseUntil" IS NULL OR "leaseUntil" < clock_timestamp())
    RETURNING *""")

_RELEASE = text("""
    UPDATE erasures SET "leaseToken" = NULL, "leaseUntil" = NULL WHERE "erasureId" = :id AND "leaseToken" = :token""")

# The lease is shown last, so that whoever lost it takes everything back.
_SAVE = text("""
    UPDATE erasures SET addresses = :addresses, place = :place, position = CAST(:position AS jsonb),
        "foundNow" = :found_now, erased = CAST(:erased AS jsonb), "rowsSearched" = :rows_searched,
        "filesSearched" = :files_searched, touched = CAST(:touched AS uuid[]),
        "leaseUntil" = clock_timestamp() + make_interval(secs => :secs)
    WHERE "erasureId" = :id AND "leaseToken" = :token""")

_BEGIN = text("""
    UPDATE erasures SET status = 'searching', place = NULL, position = NULL, "foundNow" = 0, "rowsSearched" = 0,
        "filesSearched" = 0, "waitingFor" = 0, "rowsExpected" = :expected
    WHERE "erasureId" = :id AND "leaseToken" = :token""")

_WAIT = text("""
    UPDATE erasures SET status = 'waiting', searches = searches + 1, "searchedAt" = clock_timestamp(), place = NULL,
        position = NULL
    WHERE "erasureId" = :id AND "leaseToken" = :token RETURNING "searchedAt" """)

_WAITING = text("""
    UPDATE erasures SET "waitingFor" = :left WHERE "erasureId" = :id AND "leaseToken" = :token""")

# Nothing of the address is kept, nor of what it was found in; the counts are the proof.
_COMPLETE = text("""
    UPDATE erasures SET status = 'completed', searches = searches + 1, addresses = NULL, touched = '{}',
        "searchedAt" = clock_timestamp(), "completedAt" = clock_timestamp(), place = NULL, position = NULL,
        "leaseToken" = NULL, "leaseUntil" = NULL
    WHERE "erasureId" = :id AND "leaseToken" = :token""")

_ADD = text("""
    INSERT INTO erasures ("erasureId", addresses) VALUES (gen_random_uuid(), :addresses) RETURNING "erasureId" """)

_FIND = text('SELECT * FROM erasures WHERE "erasureId" = :id')

# Sandbox and guests of a workspace are its own.
_WORKSPACES = text("""
    SELECT "workspaceId" FROM workspaces WHERE "workspaceId" = :id OR "sandboxOf" = :id
    UNION SELECT "guestWorkspaceId" FROM "guestTokens" WHERE "workspaceId" = :id""")

_WITHIN = """ AND "workspaceId" = ANY(CAST(:workspaces AS uuid[]))"""

# What was asked for before and is not read yet: nobody knows what is in it.
_UNREAD = """
    SELECT count(*) FROM uploads WHERE status IN ('preview', 'pending', 'processing') AND "createdAt" < :before"""

# Whose rows another has blanked, of that person a later one finds no row that leads to a file.
_BEFORE = text("""
    SELECT count(*) FROM erasures
    WHERE status <> 'completed' AND "erasureId" <> :id AND "createdAt" < :before
        AND addresses && CAST(:addresses AS text[])
        AND ("workspaceId" = :workspace OR "workspaceId" IS NULL OR CAST(:workspace AS uuid) IS NULL)""")

_EXPECTED = """
    SELECT (SELECT coalesce(sum("totalRows" * coalesce(cardinality("emailColumns"), 1)), 0) FROM uploads
            WHERE "rowsDeletedAt" IS NULL{within})
        + (SELECT coalesce(sum(coalesce(b."processedEmails", d."processedEmails", 1)), 0) FROM analyses
            LEFT JOIN "bulkAnalysis" b USING ("analysisId") LEFT JOIN "advancedAnalysis" d USING ("analysisId")
            WHERE "rowsDeletedAt" IS NULL{within})"""


class LeaseLostError(Exception):
    """Another dispatcher has taken the erasure over."""


@dataclass(slots=True)
class Erasure:
    """One that this process goes on with. It changes as the work goes on, and `save` writes it down."""

    erasure_id: uuid.UUID
    workspace_id: uuid.UUID | None
    user_id: uuid.UUID | None
    token: uuid.UUID
    status: str
    addresses: list[str]
    searches: int
    place: str | None
    position: dict[str, Any]
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


@dataclass(frozen=True, slots=True)
class Standing:
    """How an erasure stands, for whoever asked for it."""

    erasure_id: uuid.UUID
    status: str
    searches: int
    erased: Mapping[str, int]
    rows_searched: int
    rows_expected: int
    files_searched: int
    waiting_for: int
    completed_at: dt.datetime | None


def add(connection: Connection, addresses: Sequence[str]) -> uuid.UUID:
    """Ask for an erasure from all workspaces."""
    made: uuid.UUID = connection.execute(_ADD, {"addresses": list(addresses)}).scalar_one()
    return made


def standing(connection: Connection, erasure_id: uuid.UUID) -> Standing:
    """Tell how an erasure stands."""
    row = connection.execute(_FIND, {"id": erasure_id}).one()
    return Standing(
        row.erasureId,
        row.status,
        row.searches,
        row.erased,
        row.rowsSearched,
        row.rowsExpected,
        row.filesSearched,
        row.waitingFor,
        row.completedAt,
    )


def waiting(connection: Connection, most: int) -> Sequence[uuid.UUID]:
    """List what is not completed, in an order that is fair to all workspaces."""
    return connection.scalars(_OPEN, {"most": most}).all()


def take(connection: Connection, erasure_id: uuid.UUID, seconds: float) -> Erasure | None:
    """Take an erasure, for so long, unless it is somebody's or completed."""
    row = connection.execute(_TAKE, {"id": erasure_id, "secs": seconds}).one_or_none()
    if row is None:
        return None
    return Erasure(
        erasure_id=row.erasureId,
        workspace_id=row.workspaceId,
        user_id=row.userId,
        token=row.leaseToken,
        status=row.status,
        addresses=list(row.addresses),
        searches=row.searches,
        place=row.place,
        position=dict(row.position or {}),
        found_now=row.foundNow,
        erased=dict(row.erased),
        rows_searched=row.rowsSearched,
        files_searched=row.filesSearched,
        touched=list(row.touched),
        searched_at=row.searchedAt,
        created_at=row.createdAt,
    )


def release(connection: Connection, erasure: Erasure) -> None:
    """Let whoever comes next go on."""
    connection.execute(_RELEASE, {"id": erasure.erasure_id, "token": erasure.token})


def save(connection: Connection, erasure: Erasure, seconds: float) -> None:
    """Write down how far it is, in the transaction of what was done. Raises LeaseLostError."""
    parameters = {
        "addresses": erasure.addresses,
        "place": erasure.place,
        "position": json.dumps(erasure.position),
        "found_now": erasure.found_now,
        "erased": json.dumps(erasure.erased),
        "rows_searched": erasure.rows_searched,
        "files_searched": erasure.files_searched,
        "touched": [str(each) for each in erasure.touched],
        "secs": seconds,
    }
    _move(connection, erasure, _SAVE, **parameters)


def begin_search(connection: Connection, erasure: Erasure, sought: Sought) -> None:
    """Begin a search, from the start. Raises LeaseLostError."""
    expected = connection.scalar(text(_EXPECTED.format(within=within(sought))), scope(sought)) or 0
    _move(connection, erasure, _BEGIN, expected=int(expected))
    erasure.status, erasure.place, erasure.position, erasure.found_now = "searching", None, {}, 0
    erasure.rows_searched = erasure.files_searched = 0


def end_search(connection: Connection, erasure: Erasure) -> None:
    """Note that a search is over that has to be followed by another. Raises LeaseLostError."""
    searched_at = connection.scalar(_WAIT, {"id": erasure.erasure_id, "token": erasure.token})
    if searched_at is None:
        raise LeaseLostError
    erasure.status, erasure.searched_at = "waiting", searched_at
    erasure.searches += 1


def complete(connection: Connection, erasure: Erasure) -> None:
    """Note that the last search has found nothing, and forget whose erasure it was. Raises LeaseLostError."""
    _move(connection, erasure, _COMPLETE)


def still_to_end(connection: Connection, erasure: Erasure, sought: Sought) -> int:
    """Count the jobs and uploads that may still write down what they have read, and earlier erasures of the person.

    Raises LeaseLostError.
    """
    unread = connection.scalar(text(_UNREAD + within(sought)), {**scope(sought), "before": erasure.created_at})
    asked = {"id": erasure.erasure_id, "before": erasure.created_at, "addresses": erasure.addresses}
    earlier = connection.scalar(_BEFORE, {**asked, "workspace": erasure.workspace_id})
    left = int(unread or 0) + erasing.writers(connection, sought, erasure.searched_at) + int(earlier or 0)
    _move(connection, erasure, _WAITING, left=left)
    return left


def workspaces_of(connection: Connection, erasure: Erasure) -> Sequence[uuid.UUID] | None:
    """List the workspaces that it is about: that one with its sandbox and its guests, or None for all."""
    if erasure.workspace_id is None:
        return None
    return connection.scalars(_WORKSPACES, {"id": erasure.workspace_id}).all()


def within(sought: Sought) -> str:
    """Narrow a statement to the workspaces that it is about, if not to all."""
    return "" if sought.workspaces is None else _WITHIN


def scope(sought: Sought) -> dict[str, object]:
    """Say to such a statement which they are."""
    return {} if sought.workspaces is None else {"workspaces": [str(each) for each in sought.workspaces]}


def _move(connection: Connection, erasure: Erasure, statement: Any, **parameters: object) -> None:
    held = {"id": erasure.erasure_id, "token": erasure.token}
    if not connection.execute(statement, {**held, **parameters}).rowcount:
        raise LeaseLostError
