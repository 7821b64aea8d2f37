"""Analyses and their summaries."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Label, RowMapping, Select, func, select, true
from sqlalchemy.sql.selectable import LateralFromClause

from mailsift.api.repository.pages import newest_first
from mailsift.api.repository.subjects import latest_job
from mailsift.api.schemas import analyses as schemas
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.scoring import PolicyShown
from mailsift.shared.db.tables import (
    AdvancedAnalysis,
    AdvancedEmailResult,
    Analysis,
    BulkAnalysis,
    DomainAnalysis,
    Job,
    SingleAnalysis,
    Upload,
)
from mailsift.shared.scoring_policy import ScoringPolicy
from mailsift.shared.verdicts import AnalysisStatus, AnalysisType, LeadStatus, RiskLevel, Status

_BY_STATUS = {status: f"{status.value}_emails" for status in Status}
_BY_LEAD_STATUS = {lead: f"{lead.value.replace('-', '_')}_leads" for lead in LeadStatus}
_BY_RISK_LEVEL = {risk: f"{risk.value}_risk_emails" for risk in RiskLevel}
_LISTS = (BulkAnalysis.__table__, AdvancedAnalysis.__table__)
_COUNTERS = sorted({column.key for table in _LISTS for column in table.columns} - {"analysis_id"})
_KINDS = {
    "corporate_emails": AdvancedEmailResult.is_corporate,
    "free_emails": AdvancedEmailResult.is_free,
    "disposable_emails": AdvancedEmailResult.is_disposable,
    "relay_emails": AdvancedEmailResult.is_relay,
    "role_based_emails": AdvancedEmailResult.is_role_based,
}
_FEW = "few_"


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
    """Read what the verdict on a single address stands on; of several each result has its own."""
    query = select(SingleAnalysis.evidence).where(
        SingleAnalysis.analysis_id == analysis_id, SingleAnalysis.email_address.is_not(None)
    )
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
    counted = _counted()
    return (
        select(
            *Analysis.__table__.columns,
            latest_job(Job.analysis_id, Analysis.analysis_id),
            *(_counter(name) for name in _COUNTERS),
            DomainAnalysis.domain,
            DomainAnalysis.is_cached,
            SingleAnalysis.email_address,
            SingleAnalysis.email_addresses,
            SingleAnalysis.cached_emails.label(f"{_FEW}cached_emails"),
            *(column.label(f"{_FEW}{column.key}") for column in counted.columns),
        )
        .outerjoin(BulkAnalysis, BulkAnalysis.analysis_id == Analysis.analysis_id)
        .outerjoin(AdvancedAnalysis, AdvancedAnalysis.analysis_id == Analysis.analysis_id)
        .outerjoin(SingleAnalysis, SingleAnalysis.analysis_id == Analysis.analysis_id)
        .outerjoin(DomainAnalysis, DomainAnalysis.analysis_id == Analysis.analysis_id)
        .outerjoin(counted, true())
    )


def _counter(name: str) -> Label[int | None]:
    # Only one of the summaries is there.
    return func.coalesce(*(table.columns[name] for table in _LISTS if name in table.columns)).label(name)


def _counted() -> LateralFromClause:
    """Count the answers of an analysis of one address or some: it keeps no counters. Of a list this finds none."""
    row = AdvancedEmailResult
    conditions: dict[str, ColumnElement[bool]] = {
        **{name: row.status == status.value for status, name in _BY_STATUS.items()},
        **{name: row.lead_status == lead.value for lead, name in _BY_LEAD_STATUS.items()},
        **{name: row.risk_level == risk.value for risk, name in _BY_RISK_LEVEL.items()},
        **{name: column.is_(True) for name, column in _KINDS.items()},
    }
    counts = [
        func.count().label("processed_emails"),
        func.count(row.domain.distinct()).label("total_domains"),
        *(func.count().filter(condition).label(name) for name, condition in conditions.items()),
    ]
    return select(*counts).where(row.analysis_id == SingleAnalysis.analysis_id).lateral()


def _shown(row: RowMapping) -> schemas.Analysis:
    kind = AnalysisType(row["analysis_type"])
    counts = (
        _few(row) if kind in {AnalysisType.SINGLE, AnalysisType.DOMAIN} else {name: row[name] for name in _COUNTERS}
    )
    scoring = PolicyShown.of(ScoringPolicy.from_json(row["scoring"]))
    groups = {
        "by_status": {status: counts[name] for status, name in _BY_STATUS.items()},
        "by_lead_status": {lead: counts[name] for lead, name in _BY_LEAD_STATUS.items()} if kind.tells_leads else None,
        "by_risk_level": {risk: counts[name] for risk, name in _BY_RISK_LEVEL.items()},
    }
    return schemas.Analysis.model_validate({**row, **counts, **groups, "scoring": scoring})


def _few(row: RowMapping) -> dict[str, int]:
    """The counts of an analysis of some addresses, or of a domain, which has none."""
    counts: dict[str, int] = {name.removeprefix(_FEW): row[name] or 0 for name in row if name.startswith(_FEW)}
    asked = row["email_addresses"] or [row["email_address"]]
    if row["domain"] is not None:
        asked, counts["total_domains"] = [], 1
    return {**counts, "total_emails": len(asked), "cached_domains": int(bool(row["is_cached"]))}
