"""Analyses and their summaries."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from mailsift.api.repository.pages import newest_first
from mailsift.api.repository.subjects import latest_job
from mailsift.api.schemas import analyses as schemas
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.scoring import PolicyShown
from mailsift.shared.db.tables import AdvancedAnalysis, AdvancedEmailResult, Analysis, Job, SingleAnalysis, Upload
from mailsift.shared.scoring_policy import ScoringPolicy
from mailsift.shared.verdicts import AnalysisStatus, AnalysisType, LeadStatus, RiskLevel, Status

_BY_STATUS = {status: f"{status.value}_emails" for status in Status}
_BY_LEAD_STATUS = {lead: f"{lead.value.replace('-', '_')}_leads" for lead in LeadStatus}
_BY_RISK_LEVEL = {risk: f"{risk.value}_risk_emails" for risk in RiskLevel}
_COUNTERS = [column for column in AdvancedAnalysis.__table__.columns if column.key != "analysis_id"]
_ONE = (
    AdvancedEmailResult.status,
    AdvancedEmailResult.lead_status,
    AdvancedEmailResult.risk_level,
    AdvancedEmailResult.domain,
    AdvancedEmailResult.is_corporate,
    AdvancedEmailResult.is_free,
    AdvancedEmailResult.is_disposable,
    AdvancedEmailResult.is_relay,
    AdvancedEmailResult.is_role_based,
)


@dataclass(frozen=True, slots=True)
class Analysed:
    """What an export needs to know of its analysis: also the job that works on it, if it is known still."""

    analysis_type: AnalysisType
    status: AnalysisStatus
    upload_name: str | None
    job_id: uuid.UUID | None
    results_kept: bool
    # An analysis of one address has no list.
    list_kept: bool


def find(connection: Connection, analysis_id: uuid.UUID) -> schemas.Analysis | None:
    """Read one analysis."""
    row = connection.execute(_rows().where(Analysis.analysis_id == analysis_id)).mappings().first()
    return None if row is None else _shown(row)


def find_evidence(connection: Connection, analysis_id: uuid.UUID) -> dict[str, Any] | None:
    """Read what the verdict on a single address stands on."""
    query = select(SingleAnalysis.evidence).where(SingleAnalysis.analysis_id == analysis_id)
    return connection.execute(query).scalar()


def find_analysed(connection: Connection, analysis_id: uuid.UUID) -> Analysed | None:
    """Read what an export needs to know."""
    query = (
        select(
            Analysis.analysis_type,
            Analysis.status,
            Upload.file_name,
            latest_job(Job.analysis_id, Analysis.analysis_id),
            Analysis.rows_expired_at.is_(None),
            Upload.rows_expired_at.is_(None),
        )
        .outerjoin(Upload, Upload.upload_id == Analysis.upload_id)
        .where(Analysis.analysis_id == analysis_id)
    )
    row = connection.execute(query).first()
    return None if row is None else Analysed(AnalysisType(row[0]), AnalysisStatus(row[1]), *row[2:])


def page(connection: Connection, listing: Listing) -> schemas.AnalysisPage:
    """Read a page of analyses."""
    rows, following = newest_first(connection, _rows(), listing, Analysis.created_at, Analysis.analysis_id)
    return schemas.AnalysisPage(items=[_shown(row) for row in rows], next=following)


def _rows() -> Select[Any]:
    # Only an analysis of one address keeps its counts in its one result; the number keeps lists from being read.
    is_the_one = (AdvancedEmailResult.analysis_id == SingleAnalysis.analysis_id) & (
        AdvancedEmailResult.sequence_number == 1
    )
    return (
        select(
            *Analysis.__table__.columns,
            latest_job(Job.analysis_id, Analysis.analysis_id),
            *(column.label(column.key) for column in _COUNTERS),
            SingleAnalysis.email_address,
            *(column.label(f"one_{column.key}") for column in _ONE),
        )
        .outerjoin(AdvancedAnalysis, AdvancedAnalysis.analysis_id == Analysis.analysis_id)
        .outerjoin(SingleAnalysis, SingleAnalysis.analysis_id == Analysis.analysis_id)
        .outerjoin(AdvancedEmailResult, is_the_one)
    )


def _shown(row: RowMapping) -> schemas.Analysis:
    counts = _counts_of_one(row) if row["analysis_type"] == AnalysisType.SINGLE else _counts(row)
    scoring = PolicyShown.of(ScoringPolicy.from_json(row["scoring"]))
    return schemas.Analysis.model_validate({**row, **counts, "scoring": scoring})


def _counts(row: RowMapping) -> dict[str, object]:
    return {
        "by_status": {status: row[name] for status, name in _BY_STATUS.items()},
        "by_lead_status": {lead: row[name] for lead, name in _BY_LEAD_STATUS.items()},
        "by_risk_level": {risk: row[name] for risk, name in _BY_RISK_LEVEL.items()},
    }


def _counts_of_one(row: RowMapping) -> dict[str, object]:
    known = int(row["one_status"] is not None)
    return {
        "total_emails": 1,
        "processed_emails": known,
        "total_domains": int(row["one_domain"] is not None),
        "cached_domains": 0,
        "by_status": {status: int(row["one_status"] == status) for status in Status},
        "by_lead_status": {lead: int(row["one_lead_status"] == lead) for lead in LeadStatus},
        "by_risk_level": {risk: int(row["one_risk_level"] == risk) for risk in RiskLevel},
        "corporate_emails": int(bool(row["one_is_corporate"])),
        "free_emails": int(bool(row["one_is_free"])),
        "disposable_emails": int(bool(row["one_is_disposable"])),
        "relay_emails": int(bool(row["one_is_relay"])),
        "role_based_emails": int(bool(row["one_is_role_based"])),
    }
