"""What became of mail, and the latest verdict there was on each of those addresses."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from mailsift.api.calibration import Judged, Tally
from mailsift.shared.db.outcomes import ResultSpan, tell_new, write_alone
from mailsift.shared.verdicts import LeadStatus, Outcome

LONGEST_LOOK_SECONDS: Final = 10.0
"""A request looks through results no longer than that, and a statement for a fraction of it."""
PART_RESULTS: Final = 250_000
MOST_SINGLE: Final = 100
"""So many results an analysis without a list may have."""

# In the order of the addresses, so that two who report the same ones cannot lock each other out.
_RECORD = text("""
    WITH recorded AS (
        INSERT INTO outcomes ("workspaceId", "normalizedAddress", outcome)
        SELECT :workspace_id, address, outcome
        FROM unnest(CAST(:addresses AS text[]), CAST(:outcomes AS text[])) AS new(address, outcome) ORDER BY address
        ON CONFLICT ("workspaceId", "normalizedAddress") DO UPDATE
        SET outcome = excluded.outcome, "reportedAt" = excluded."reportedAt",
            "judgedAt" = nullif(outcomes."judgedAt", 'epoch')
        RETURNING xmax = 0 AS "isNew"
    )
    SELECT count(*) FILTER (WHERE "isNew"), count(*) FILTER (WHERE NOT "isNew") FROM recorded""")

_FORGET = text("""DELETE FROM outcomes WHERE "workspaceId" = :workspace_id""")

_COUNT = text("""
    SELECT count(*), count(*) FILTER (WHERE "judgedAt" = 'epoch') = 0 FROM outcomes
    WHERE "workspaceId" = :workspace_id""")

# The analyses whose results may tell something, the newest first, and up to which number they have any.
_NEWEST_FIRST: Final = text("""
    SELECT a."analysisId", coalesce(u."totalRows" * coalesce(cardinality(u."emailColumns"), 1), :few)
    FROM analyses a LEFT JOIN uploads u ON u."uploadId" = a."uploadId"
    WHERE a."workspaceId" = :workspace_id AND a."rowsExpiredAt" IS NULL AND a."analysisType" <> 'domain'
    ORDER BY a."createdAt" DESC, a."analysisId" DESC""")

_COUNT_NEW: Final = text("""SELECT count(*) FROM outcomes WHERE "workspaceId" = :workspace_id AND "judgedAt" IS NULL""")

# That there was no verdict anywhere, or none among the results for which there was time.
_GIVE_UP: Final = text("""
    UPDATE outcomes SET "judgedAt" = CAST(:why AS timestamptz)
    WHERE "workspaceId" = :workspace_id AND "judgedAt" IS NULL""")
_NOWHERE: Final = "-infinity"
_NOT_IN_TIME: Final = "epoch"

_JUDGED: Final = text("""
    SELECT least("deliverabilityScore" / 10, 9) AS band, "leadStatus" AS lead,
        count(*) FILTER (WHERE outcome = 'delivered') AS delivered,
        count(*) FILTER (WHERE outcome = 'bounced') AS bounced
    FROM outcomes WHERE "workspaceId" = :workspace_id AND "deliverabilityScore" IS NOT NULL GROUP BY 1, 2""")


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many outcomes were news, and how many were known."""

    added: int
    updated: int


def record(connection: Connection, workspace_id: uuid.UUID, outcomes: Mapping[str, Outcome]) -> Recorded:
    """Keep what became of mail to addresses; of each the last that was said."""
    write_alone(connection, workspace_id)
    parameters = {
        "workspace_id": workspace_id,
        "addresses": list(outcomes),
        "outcomes": [outcome.value for outcome in outcomes.values()],
    }
    return Recorded(*connection.execute(_RECORD, parameters).one())


def forget(connection: Connection, workspace_id: uuid.UUID) -> int:
    """Forget all of them; returns how many there were."""
    write_alone(connection, workspace_id)
    return connection.execute(_FORGET, {"workspace_id": workspace_id}).rowcount


def count(connection: Connection, workspace_id: uuid.UUID) -> tuple[int, bool]:
    """Count the addresses of which the outcome is known, and tell whether a verdict was looked for everywhere."""
    known, complete = connection.execute(_COUNT, {"workspace_id": workspace_id}).one()
    return known, complete


def judged(connection: Connection, workspace_id: uuid.UUID) -> list[Judged]:
    """Count outcomes by the latest verdict on each address; those without one are left out."""
    rows = connection.execute(_JUDGED, {"workspace_id": workspace_id})
    return [
        Judged(band, None if lead is None else LeadStatus(lead), Tally(delivered, bounced))
        for band, lead, delivered, bounced in rows
    ]


def look_up_new(connection: Connection, workspace_id: uuid.UUID, seconds: float = LONGEST_LOOK_SECONDS) -> None:
    """Find the latest verdict for outcomes that were not looked up yet, among the newest results there is time for."""
    if not connection.scalar(_COUNT_NEW, {"workspace_id": workspace_id}):
        return
    write_alone(connection, workspace_id)
    left = int(connection.scalar(_COUNT_NEW, {"workspace_id": workspace_id}) or 0)
    deadline, why = time.monotonic() + seconds, _NOWHERE
    for spans in _parts(connection, workspace_id):
        if time.monotonic() > deadline:
            why = _NOT_IN_TIME
        if left == 0 or why == _NOT_IN_TIME:
            break
        left -= tell_new(connection, workspace_id, spans)
    connection.execute(_GIVE_UP, {"workspace_id": workspace_id, "why": why})


def _parts(connection: Connection, workspace_id: uuid.UUID) -> Iterator[list[ResultSpan]]:
    """Part the results of a workspace, the newest first: small analyses together, large ones in pieces."""
    few = connection.execute(_NEWEST_FIRST, {"workspace_id": workspace_id, "few": MOST_SINGLE})
    part: list[ResultSpan] = []
    size = 0
    for analysis_id, last in few.all():
        for first in range(1, last + 1, PART_RESULTS):
            span = ResultSpan(analysis_id, first, min(first + PART_RESULTS - 1, last))
            part.append(span)
            size += span.last - span.first + 1
            if size >= PART_RESULTS:
                yield part
                part, size = [], 0
    if part:
        yield part
