"""Queries about the analyses of domains."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from mailsift.analyzer.audit import Recommendation
from mailsift.analyzer.examination import DomainExamination
from mailsift.analyzer.facts_json import domain_evidence_to_json, to_json
from mailsift.analyzer.scoring import SCORE_VERSION
from mailsift.shared.verdicts import DomainStep

KEPT_HOURS: Final = 24
"""How long what was found is shown."""

_SAVE = text("""
    UPDATE "domainAnalysis" SET status = :status, "subStatus" = :sub_status, "riskLevel" = :risk_level,
        "deliverabilityScore" = :score, reasons = :reasons, "scoreBreakdown" = CAST(:breakdown AS jsonb),
        "scoreVersion" = :score_version, "isRealData" = :is_real_data, "isCached" = :is_cached,
        steps = CAST(:steps AS jsonb), recommendations = CAST(:recommendations AS jsonb),
        evidence = CAST(:evidence AS jsonb), "expiresAt" = clock_timestamp() + make_interval(hours => :hours)
    WHERE "analysisId" = :analysis_id""")


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One step of an analysis, and how long it took."""

    code: DomainStep
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Audited:
    """What came of the analysis of a domain."""

    examination: DomainExamination
    recommendations: Sequence[Recommendation]
    steps: tuple[StepTaken, ...]
    is_cached: bool


def load_domain(connection: Connection, analysis_id: uuid.UUID) -> str:
    """Return the domain that an analysis is of."""
    statement = text('SELECT domain FROM "domainAnalysis" WHERE "analysisId" = :analysis_id')
    return str(connection.execute(statement, {"analysis_id": analysis_id}).scalar_one())


def save(connection: Connection, analysis_id: uuid.UUID, audited: Audited) -> None:
    """Write what came of an analysis; what was found is kept for a day."""
    verdict, evidence = audited.examination.verdict, audited.examination.evidence
    connection.execute(
        _SAVE,
        {
            "analysis_id": analysis_id,
            "status": verdict.status.value,
            "sub_status": verdict.sub_status,
            "risk_level": verdict.risk_level.value,
            "score": verdict.score,
            "reasons": list(verdict.reasons),
            "breakdown": json.dumps(verdict.breakdown),
            "score_version": SCORE_VERSION,
            "is_real_data": evidence.facts.was_answered,
            "is_cached": audited.is_cached,
            "steps": json.dumps(to_json(audited.steps)),
            "recommendations": json.dumps(to_json(tuple(audited.recommendations))),
            "evidence": json.dumps(domain_evidence_to_json(evidence)),
            "hours": KEPT_HOURS,
        },
    )
