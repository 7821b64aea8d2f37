"""Erasures that were asked for: which is to be gone on with, how far it is, what it waits for."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from mailsift.dispatcher.erasure import Backlog, Erasure, Position, Standing
from mailsift.shared.db.rewriting import Sought
from mailsift.shared.jobs.repository import erasing
from mailsift.shared.verdicts import ErasureStatus

# One of each workspace before the second of any, and in any order: what waits or fails for long is in nobody's way.
_OPEN = text("""
    SELECT "erasureId" FROM (
        SELECT "erasureId", row_number() OVER (PARTITION BY "workspaceId" ORDER BY random()) AS turn
        FROM erasures WHERE status <> 'completed') AS asked
    ORDER BY turn, random() LIMIT :most""")

_LIST = text("SELECT * FROM erasures WHERE status <> 'completed' ORDER BY \"createdAt\" LIMIT :most")

_BACKLOG = text("""
    SELECT count(*) AS open,
        coalesce(extract(epoch FROM clock_timestamp() - min("createdAt")), 0)::float AS oldest_seconds
    FROM erasures WHERE status <> 'completed'""")

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
    UPDATE erasures SET addresses = :addresses, "moreMailboxes" = :more, place = :place,
        position = CAST(:position AS jsonb),
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

# What was asked for before and is not read yet: nobody knows what is in it. What is fetched later is not here.
_UNREAD = """
    SELECT count(*) FROM uploads WHERE status IN ('preview', 'pending', 'processing') AND "createdAt" < :before
        AND (source IN ('file', 'addresses') OR NOT EXISTS (SELECT FROM "jobQueue" j
            WHERE j."uploadId" = uploads."uploadId" AND j.status = 'pending' AND j."scheduledFor" > now()))"""

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


def add(connection: Connection, addresses: Sequence[str]) -> uuid.UUID:
    """Ask for an erasure from all workspaces."""
    made: uuid.UUID = connection.execute(_ADD, {"addresses": list(addresses)}).scalar_one()
    return made


def standing(connection: Connection, erasure_id: uuid.UUID) -> Standing:
    """Tell how an erasure stands."""
    return _standing(connection.execute(_FIND, {"id": erasure_id}).one())


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        erasure_id=row.erasureId,
        workspace_id=row.workspaceId,
        status=ErasureStatus(row.status),
        more_mailboxes=row.moreMailboxes,
        searches=row.searches,
        place=row.place,
        erased=row.erased,
        rows_searched=row.rowsSearched,
        rows_expected=row.rowsExpected,
        files_searched=row.filesSearched,
        waiting_for=row.waitingFor,
        created_at=row.createdAt,
        completed_at=row.completedAt,
    )


def waiting(connection: Connection, most: int) -> Sequence[uuid.UUID]:
    """List what is not completed, in an order that is fair to all workspaces."""
    return connection.scalars(_OPEN, {"most": most}).all()


def list_open(connection: Connection, most: int) -> Sequence[Standing]:
    """List what is not completed, the oldest first."""
    return [_standing(row) for row in connection.execute(_LIST, {"most": most})]


def backlog(connection: Connection) -> Backlog:
    """Tell how much is not completed."""
    row = connection.execute(_BACKLOG).one()
    return Backlog(row.open, row.oldest_seconds)


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
        status=ErasureStatus(row.status),
        addresses=list(row.addresses),
        more_mailboxes=row.moreMailboxes,
        searches=row.searches,
        place=row.place,
        position=Position.read(row.position or {}),
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
        "more": erasure.more_mailboxes,
        "place": erasure.place,
        "position": erasure.position.stored(),
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
    expected = connection.scalar(text(_EXPECTED.format(within=within(sought))), sought.scope()) or 0
    _move(connection, erasure, _BEGIN, expected=int(expected))
    erasure.begin()


def end_search(connection: Connection, erasure: Erasure) -> None:
    """Note that a search is over that has to be followed by another. Raises LeaseLostError."""
    searched_at = connection.scalar(_WAIT, {"id": erasure.erasure_id, "token": erasure.token})
    if searched_at is None:
        raise LeaseLostError
    erasure.status, erasure.searched_at = ErasureStatus.WAITING, searched_at
    erasure.searches += 1


def complete(connection: Connection, erasure: Erasure) -> None:
    """Note that the last search has found nothing, and forget whose erasure it was. Raises LeaseLostError."""
    _move(connection, erasure, _COMPLETE)


def still_to_end(connection: Connection, erasure: Erasure, sought: Sought) -> int:
    """Count the jobs and uploads that may still write down what they have read, and earlier erasures of the person.

    Lists that were to be read later are read now: an erasure ends. Raises LeaseLostError.
    """
    erasing.read_now(connection, sought, erasure.created_at)
    unread = connection.scalar(text(_UNREAD + within(sought)), {**sought.scope(), "before": erasure.created_at})
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


def _move(connection: Connection, erasure: Erasure, statement: Any, **parameters: object) -> None:
    held = {"id": erasure.erasure_id, "token": erasure.token}
    if not connection.execute(statement, {**held, **parameters}).rowcount:
        raise LeaseLostError
