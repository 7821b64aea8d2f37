"""What became of mail, and the latest verdict there was on each of those addresses: it is kept beside the outcome.

Results are found by analysis and number only, so no address is looked for among them: each analysis tells outcomes its
verdicts when it ends, and those that are reported later are told by the results that are there, which are read once.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from mailsift.shared.db import locks
from mailsift.shared.db.suppressions import make_room

_ANY: Final = text("""SELECT EXISTS (SELECT FROM outcomes WHERE "workspaceId" = :workspace_id)""")

# What the planner knows of outcomes may be from before they came, and then it would hold each against all results.
_HASHED: Final = text("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off")
_AS_USUAL: Final = text("SET LOCAL enable_nestloop = on; SET LOCAL enable_mergejoin = on")

# OFFSET 0 has the results of each span read by their key, whoever's others there are.
_TELL: Final = """
    WITH span AS (
        SELECT id, first, last, "createdAt" FROM
            unnest(CAST(:ids AS uuid[]), CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) AS span(id, first, last)
            JOIN analyses ON "analysisId" = id
    ),
    latest AS (
        SELECT DISTINCT ON (o."normalizedAddress") o."normalizedAddress" AS address, score, lead, span."createdAt"
        FROM span CROSS JOIN LATERAL (
            SELECT "normalizedAddress" AS address, "deliverabilityScore" AS score, "leadStatus" AS lead
            FROM "advancedEmailResults" WHERE "analysisId" = id AND "sequenceNumber" BETWEEN first AND last OFFSET 0
        ) AS r
        JOIN outcomes AS o ON o."workspaceId" = :workspace_id AND o."normalizedAddress" = r.address
        WHERE {which}
        ORDER BY o."normalizedAddress", span."createdAt" DESC, id DESC
    )
    UPDATE outcomes SET "deliverabilityScore" = score, "leadStatus" = lead, "judgedAt" = latest."createdAt"
    FROM latest WHERE "workspaceId" = :workspace_id AND "normalizedAddress" = latest.address"""

_TELL_NEW: Final = text(_TELL.format(which='o."judgedAt" IS NULL'))
_TELL_OLDER: Final = text(_TELL.format(which='(o."judgedAt" IS NULL OR o."judgedAt" <= span."createdAt")'))


@dataclass(frozen=True, slots=True)
class ResultSpan:
    """Some results of an analysis, by their numbers."""

    analysis_id: uuid.UUID
    first: int
    last: int


def write_alone(connection: Connection, workspace_id: uuid.UUID) -> None:
    """Be the only one who writes outcomes of a workspace until the transaction ends."""
    # Two that write the same ones, each in an order of its own, would lock each other out.
    locks.hold(connection, f"outcomes {workspace_id}")


def tell_of(connection: Connection, workspace_id: uuid.UUID, analysis_id: uuid.UUID) -> None:
    """Tell outcomes the verdicts of an analysis that has ended, unless they know of a later one."""
    if not connection.scalar(_ANY, {"workspace_id": workspace_id}):
        return
    write_alone(connection, workspace_id)
    everything = ResultSpan(analysis_id, 1, 2**62)
    _tell(connection, workspace_id, [everything], only_new=False)


def tell_new(connection: Connection, workspace_id: uuid.UUID, spans: Sequence[ResultSpan]) -> int:
    """Tell outcomes that know of no verdict yet those among some results; returns how many were told."""
    return _tell(connection, workspace_id, spans, only_new=True)


def _tell(connection: Connection, workspace_id: uuid.UUID, spans: Sequence[ResultSpan], *, only_new: bool) -> int:
    make_room(connection)
    connection.execute(_HASHED)
    parameters = {
        "workspace_id": workspace_id,
        "ids": [span.analysis_id for span in spans],
        "firsts": [span.first for span in spans],
        "lasts": [span.last for span in spans],
    }
    told = connection.execute(_TELL_NEW if only_new else _TELL_OLDER, parameters).rowcount
    connection.execute(_AS_USUAL)
    return told
