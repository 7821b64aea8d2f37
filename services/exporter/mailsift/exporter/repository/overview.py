"""An analysis in counts, for a report."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, TextClause, text

from mailsift.exporter.writers.report import Overview
from mailsift.shared.db.suppressions import suppressed_among
from mailsift.shared.verdicts import AnalysisStatus

_TOP: Final = 12
_LOOKED_AT: Final = 500
"""So many of the largest domains are held against what is suppressed, to have enough that are not."""

_LIST: Final = text("""
    SELECT u."fileName", a.status, to_char(coalesce(a."completedAt", now()) AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
        coalesce(u."totalRows", 1), coalesce(u."duplicateEmails", 0), coalesce(u."rejectedRows", 0)
    FROM analyses AS a LEFT JOIN uploads AS u USING ("uploadId") WHERE a."analysisId" = :analysis_id""")

_VERDICTS: Final = text("""
    SELECT status, "leadStatus", "riskLevel", least("deliverabilityScore" / 10, 9), count(*)
    FROM "advancedEmailResults" WHERE "analysisId" = :analysis_id GROUP BY 1, 2, 3, 4""")

_LARGEST: Final = """
    SELECT {word}, count(*) FROM "advancedEmailResults"{more}
    WHERE "analysisId" = :analysis_id AND {word} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :most"""
_DOMAINS: Final = text(_LARGEST.format(word="domain", more=""))
_PROVIDERS: Final = text(_LARGEST.format(word="provider", more=""))
_REASONS: Final = text(_LARGEST.format(word="reason", more=", unnest(reasons) AS reason"))


def load_overview(connection: Connection, workspace_id: uuid.UUID, analysis_id: uuid.UUID) -> Overview:
    """Count what an analysis found. Domains that the workspace has suppressed are not named."""
    analysis = {"analysis_id": analysis_id}
    name, status, made, rows, duplicates, rejected = connection.execute(_LIST, analysis).one()
    verdicts = connection.execute(_VERDICTS, analysis).all()
    by_column = [_summed((row[column], row[4]) for row in verdicts) for column in range(4)]
    return Overview(
        title=name or "One address",
        made=made,
        partial=status != AnalysisStatus.COMPLETED,
        rows=rows,
        addresses=sum(row[4] for row in verdicts),
        duplicates=duplicates,
        rejected=rejected,
        statuses=by_column[0],
        lead_statuses=by_column[1],
        risk_levels=by_column[2],
        scores=[by_column[3][ten] for ten in range(10)],
        domains=_domains(connection, workspace_id, analysis_id),
        providers=_largest(connection, _PROVIDERS, analysis_id),
        reasons=_largest(connection, _REASONS, analysis_id),
    )


def _summed(counted: Iterable[tuple[Any, int]]) -> Counter[Any]:
    summed: Counter[Any] = Counter()
    for word, count in counted:
        summed[word] += count
    return summed


def _domains(connection: Connection, workspace_id: uuid.UUID, analysis_id: uuid.UUID) -> Sequence[tuple[str, int]]:
    found = _largest(connection, _DOMAINS, analysis_id, _LOOKED_AT)
    # A domain is suppressed when any address at it is.
    suppressed = suppressed_among(connection, workspace_id, [f"@{domain}" for domain, _ in found])
    return [(domain, count) for domain, count in found if f"@{domain}" not in suppressed][:_TOP]


def _largest(
    connection: Connection, statement: TextClause, analysis_id: uuid.UUID, most: int = _TOP
) -> Sequence[tuple[str, int]]:
    rows = connection.execute(statement, {"analysis_id": analysis_id, "most": most})
    return [(word, count) for word, count in rows]
