"""What came of the analyses of domains."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from mailsift.api.schemas import audits as schemas
from mailsift.api.schemas.results import ScoreLine
from mailsift.api.wording.languages import Language
from mailsift.api.wording.recommendations import RECOMMENDATIONS
from mailsift.api.wording.steps import STEPS
from mailsift.shared.db.tables import DomainAnalysis
from mailsift.shared.verdicts import DomainStep


def find(connection: Connection, analysis_id: uuid.UUID, language: Language) -> schemas.Audit | None:
    """Read what came of an analysis of a domain; None before that, and when it is past its time."""
    query = select(DomainAnalysis.__table__).where(
        DomainAnalysis.analysis_id == analysis_id,
        DomainAnalysis.evidence.is_not(None),
        DomainAnalysis.expires_at > func.clock_timestamp(),
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else _shown(row, language)


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
