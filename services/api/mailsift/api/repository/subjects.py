"""The job that works on an upload, an analysis or an export."""

from __future__ import annotations

import uuid

from sqlalchemy import Label, select
from sqlalchemy.orm import InstrumentedAttribute

from mailsift.shared.db.tables import Job


def latest_job(
    subject: InstrumentedAttribute[uuid.UUID | None], row_id: InstrumentedAttribute[uuid.UUID]
) -> Label[uuid.UUID]:
    """Select, beside a row, the id of the whole job that works on it."""
    query = select(Job.job_id).where(subject == row_id, Job.parent_job_id.is_(None), Job.deleted_at.is_(None))
    return query.order_by(Job.created_at.desc()).limit(1).scalar_subquery().label("job_id")
