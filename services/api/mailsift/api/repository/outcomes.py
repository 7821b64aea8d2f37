"""What became of mail, and the verdicts there were on those addresses."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from mailsift.api.calibration import Judged, Tally
from mailsift.shared.db.suppressions import make_room
from mailsift.shared.verdicts import LeadStatus, Outcome

MOST_RESULTS: Final = 5_000_000
"""After so many results no further analysis is looked through, the newest ones first: some seconds' worth."""

# In the order of the addresses, so that two who report the same ones cannot lock each other out.
_RECORD = text("""
    WITH recorded AS (
        INSERT INTO outcomes ("workspaceId", "normalizedAddress", outcome)
        SELECT :workspace_id, address, outcome
        FROM unnest(CAST(:addresses AS text[]), CAST(:outcomes AS text[])) AS new(address, outcome) ORDER BY address
        ON CONFLICT ("workspaceId", "normalizedAddress") DO UPDATE
        SET outcome = excluded.outcome, "reportedAt" = excluded."reportedAt"
        RETURNING xmax = 0 AS "isNew"
    )
    SELECT count(*) FILTER (WHERE "isNew"), count(*) FILTER (WHERE NOT "isNew") FROM recorded""")

_FORGET = text("""DELETE FROM outcomes WHERE "workspaceId" = :workspace_id""")

_COUNT = text("""SELECT count(*) FROM outcomes WHERE "workspaceId" = :workspace_id""")

# The analyses whose results are kept, the newest first, and how many results those before each have.
_NEWEST_FIRST: Final = """
    SELECT a."analysisId", a."createdAt",
        sum(coalesce(u."totalEmails", 1)) OVER newest_first - coalesce(u."totalEmails", 1) AS before
    FROM analyses a LEFT JOIN uploads u ON u."uploadId" = a."uploadId"
    WHERE a."workspaceId" = :workspace_id AND a."rowsExpiredAt" IS NULL
    WINDOW newest_first AS (
        ORDER BY a."createdAt" DESC, a."analysisId" DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"""

# Results have no index by address, which would cost every analysis more than it saves here. So each analysis is read
# once, by its key, and held against the outcomes in memory: OFFSET 0 keeps those of other workspaces from being read,
# MATERIALIZED each result from being looked up by itself.
_LATEST = text(f"""
    WITH looked_at AS MATERIALIZED (SELECT * FROM ({_NEWEST_FIRST}) AS listed WHERE before < :most),
    said AS MATERIALIZED (
        SELECT "normalizedAddress" AS address, outcome FROM outcomes WHERE "workspaceId" = :workspace_id
    ),
    latest AS (
        SELECT DISTINCT ON (said.address) said.outcome, r.score, r.lead
        FROM looked_at a
        CROSS JOIN LATERAL (
            SELECT "normalizedAddress" AS address, "deliverabilityScore" AS score, "leadStatus" AS lead
            FROM "advancedEmailResults" WHERE "analysisId" = a."analysisId" OFFSET 0
        ) AS r
        JOIN said ON said.address = r.address
        ORDER BY said.address, a."createdAt" DESC, a."analysisId" DESC
    )
    SELECT least(score / 10, 9) AS band, lead,
        count(*) FILTER (WHERE outcome = 'delivered') AS delivered,
        count(*) FILTER (WHERE outcome = 'bounced') AS bounced
    FROM latest GROUP BY 1, 2""")

_IS_MORE = text(f"SELECT EXISTS (SELECT FROM ({_NEWEST_FIRST}) AS listed WHERE before >= :most)")


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many outcomes were news, and how many were known."""

    added: int
    updated: int


def record(connection: Connection, workspace_id: uuid.UUID, outcomes: Mapping[str, Outcome]) -> Recorded:
    """Keep what became of mail to addresses; of each the last that was said."""
    parameters = {
        "workspace_id": workspace_id,
        "addresses": list(outcomes),
        "outcomes": [outcome.value for outcome in outcomes.values()],
    }
    return Recorded(*connection.execute(_RECORD, parameters).one())


def forget(connection: Connection, workspace_id: uuid.UUID) -> int:
    """Forget all of them; returns how many there were."""
    return connection.execute(_FORGET, {"workspace_id": workspace_id}).rowcount


def count(connection: Connection, workspace_id: uuid.UUID) -> int:
    """Count the addresses of which the outcome is known."""
    return int(connection.scalar(_COUNT, {"workspace_id": workspace_id}) or 0)


def judged(connection: Connection, workspace_id: uuid.UUID, most: int = MOST_RESULTS) -> list[Judged]:
    """Count outcomes by the latest verdict on each address, among so many results or a few more."""
    make_room(connection)
    rows = connection.execute(_LATEST, {"workspace_id": workspace_id, "most": most})
    return [
        Judged(band, None if lead is None else LeadStatus(lead), Tally(delivered, bounced))
        for band, lead, delivered, bounced in rows
    ]


def is_more(connection: Connection, workspace_id: uuid.UUID, most: int = MOST_RESULTS) -> bool:
    """Tell whether there are results that are not looked through."""
    return bool(connection.scalar(_IS_MORE, {"workspace_id": workspace_id, "most": most}))
