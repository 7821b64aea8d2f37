"""The answers for addresses."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select

from mailsift.api.repository.pages import by_number
from mailsift.api.schemas import results as schemas
from mailsift.shared.db.tables import AdvancedEmailResult, SingleAnalysis

_CANONICAL = AdvancedEmailResult.__table__.c.canonical_address
_ROWS = select(
    *(column for column in AdvancedEmailResult.__table__.c if column is not _CANONICAL),
    func.coalesce(_CANONICAL, AdvancedEmailResult.normalized_address).label(_CANONICAL.key),
)


def page(connection: Connection, analysis_id: uuid.UUID, wanted: schemas.ResultFilter) -> schemas.ResultPage:
    """Read a page of an analysis's answers, in the order of its list."""
    row = AdvancedEmailResult
    query = _ROWS.where(row.analysis_id == analysis_id, *_conditions(wanted))
    rows, following = by_number(connection, query, wanted, row.sequence_number)
    return schemas.ResultPage(items=_with_evidence(connection, analysis_id, rows), next=following)


def only(connection: Connection, analysis_id: uuid.UUID) -> schemas.Result | None:
    """Read the answer of an analysis of one address."""
    row = connection.execute(_ROWS.where(AdvancedEmailResult.analysis_id == analysis_id).limit(1)).first()
    return None if row is None else schemas.Result.model_validate(row)


def few(connection: Connection, analysis_id: uuid.UUID) -> list[schemas.ResultWithEvidence]:
    """Read all answers of an analysis of a few addresses."""
    query = _ROWS.where(AdvancedEmailResult.analysis_id == analysis_id).order_by(AdvancedEmailResult.sequence_number)
    return _with_evidence(connection, analysis_id, connection.execute(query).mappings())


def _with_evidence(
    connection: Connection, analysis_id: uuid.UUID, rows: Iterable[RowMapping]
) -> list[schemas.ResultWithEvidence]:
    # Read once: of a hundred addresses it is one value, which a join would unpack a hundred times.
    stored = connection.scalar(select(SingleAnalysis.evidence).where(SingleAnalysis.analysis_id == analysis_id))
    evidence = dict(enumerate(stored if isinstance(stored, list) else [stored], 1))
    return [
        schemas.ResultWithEvidence.model_validate({**row, "evidence": evidence.get(row["sequence_number"])})
        for row in rows
    ]


def _conditions(wanted: schemas.ResultFilter) -> Iterator[ColumnElement[bool]]:
    row = AdvancedEmailResult
    equal: dict[Any, Any] = {
        row.status: wanted.status,
        row.sub_status: wanted.sub_status,
        row.lead_status: wanted.lead_status,
        row.risk_level: wanted.risk_level,
        row.domain: wanted.domain and wanted.domain.lower(),
    }
    yield from (column == value for column, value in equal.items() if value is not None)
    if wanted.min_score is not None:
        yield row.deliverability_score >= wanted.min_score
    if wanted.max_score is not None:
        yield row.deliverability_score <= wanted.max_score
    if wanted.text is not None:
        yield func.starts_with(row.normalized_address, wanted.text.strip().lower())
