"""What came of the analyses of domains."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, func, select, text

from mailsift.api.estimation import Measured
from mailsift.api.schemas import audits as schemas
from mailsift.api.schemas.results import ScoreLine
from mailsift.api.wording.languages import Language
from mailsift.api.wording.recommendations import RECOMMENDATIONS
from mailsift.api.wording.steps import STEPS
from mailsift.shared.db.tables import DomainAnalysis
from mailsift.shared.verdicts import DomainStep

_LOOKED_AT: Final = 500
_MOST_MEASURED: Final = 20

# Among the latest analyses of any type: a workspace may have millions of them and none of a domain.
_LATELY: Final = text("""
    SELECT domain, took.ms, "completedAt" + make_interval(secs => coalesce((evidence #>> '{facts,ttlSeconds}')::int, 0))
    FROM (SELECT * FROM analyses ORDER BY "createdAt" DESC LIMIT :looked_at) AS a
    JOIN "domainAnalysis" USING ("analysisId")
    CROSS JOIN LATERAL (
        SELECT sum((step->>'durationMs')::int)::int AS ms FROM jsonb_array_elements(steps) AS step
    ) AS took
    WHERE NOT "isCached" AND took.ms IS NOT NULL AND "completedAt" IS NOT NULL
    ORDER BY a."createdAt" DESC LIMIT :most""")


def find(connection: Connection, analysis_id: uuid.UUID, language: Language) -> schemas.Audit | None:
    """Read what came of an analysis of a domain; None before that, and when it is past its time."""
    query = select(DomainAnalysis.__table__).where(
        DomainAnalysis.analysis_id == analysis_id,
        DomainAnalysis.evidence.is_not(None),
        DomainAnalysis.expires_at > func.clock_timestamp(),
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else _shown(row, language)


def measured_lately(connection: Connection) -> tuple[list[Measured], dt.datetime]:
    """Return how long the latest analyses of domains took that had to ask nameservers, and what the time is."""
    rows = connection.execute(_LATELY, {"looked_at": _LOOKED_AT, "most": _MOST_MEASURED}).all()
    return [Measured(*row) for row in rows], connection.execute(select(func.clock_timestamp())).scalar_one()


def is_past(connection: Connection, analysis_id: uuid.UUID) -> bool:
    """Tell whether there was something to show, which is kept no longer."""
    query = select(DomainAnalysis.expires_at <= func.clock_timestamp()).where(DomainAnalysis.analysis_id == analysis_id)
    return bool(connection.scalar(query))


def _shown(row: RowMapping, language: Language) -> schemas.Audit:
    steps = [_step(step, language) for step in row["steps"]]
    return schemas.Audit.model_validate(
        {
            **row,
            "scoreBreakdown": [ScoreLine(reason=reason, points=points) for reason, points in row["score_breakdown"]],
            "data_source": "cache" if row["is_cached"] else "live",
            "found": row["evidence"],
            "recommendations": [_recommendation(each, language) for each in row["recommendations"]],
            "steps": steps,
            "total_duration_ms": sum(step.duration_ms for step in steps),
        }
    )


def _step(stored: dict[str, Any], language: Language) -> schemas.Step:
    code = DomainStep(stored["code"])
    return schemas.Step(code=code, text=STEPS[code].say(language), duration_ms=stored["durationMs"])


def _recommendation(stored: dict[str, Any], language: Language) -> schemas.Recommendation:
    words = RECOMMENDATIONS.get(stored["code"])
    # An analyzer that is newer than this API may know more of them.
    text = stored["code"] if words is None else words.say(language, stored["about"])
    return schemas.Recommendation.model_validate({**stored, "text": text})
