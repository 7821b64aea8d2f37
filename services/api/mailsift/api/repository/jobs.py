"""Jobs, for reading; only the engine writes them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    case,
    func,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from mailsift.api.repository.pages import by_number, newest_first
from mailsift.api.schemas import jobs as schemas
from mailsift.api.schemas.base import Numbered
from mailsift.api.schemas.jobs import MOST_PAGED, Pagination, RequestedAs, WaitsFor
from mailsift.api.schemas.watched_jobs import WatchedFilter, watched_status
from mailsift.api.wording.job_progress import progress_message
from mailsift.shared.db.prepared import Prepared
from mailsift.shared.db.tables import Analysis, Export, Job, JobEvent, JobLog, PausedQueue, Upload
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.progress import eta_seconds
from mailsift.shared.jobs.states import RETRYABLE, JobStatus

# A job's row carries only its most specific subject; the others follow from it.
_SUBJECTS = {"upload_id", "analysis_id", "export_id"}
# What is not shown may be large: what a job was given, and where it stands in a file.
_SHOWN = [
    column.label(column.key)
    for column in Job.__table__.columns
    if column.key in schemas.Job.model_fields and column.key not in _SUBJECTS
]
_LAST_LINES = 100  # that are shown with a job
_NOBODY = "system"  # the worker of a job that none has claimed
_NOW = func.clock_timestamp()
_PAUSED = select(PausedQueue.queue).where(PausedQueue.queue == Job.queue).exists()
_WAITS_FOR = case(
    (Job.status != JobStatus.PENDING.value, None),
    # Until the job that it waits for has completed, its due time is `infinity`.
    (~func.isfinite(Job.due_at), WaitsFor.JOB.value),
    (Job.retry_after > _NOW, WaitsFor.RETRY.value),
    (Job.due_at > _NOW, WaitsFor.TIME.value),
    (_PAUSED, WaitsFor.QUEUE.value),
    else_=WaitsFor.WORKER.value,
).label("waits_for")
_PARENT, _OWN = aliased(Job), aliased(Job)
_KEPT = Job.deleted_at.is_(None)
# A part disappears with the whole.
_IS_SHOWN = _KEPT & ~(
    select(_PARENT.job_id).where(_PARENT.job_id == Job.parent_job_id, _PARENT.deleted_at.is_not(None)).exists()
)
# Of a whole there is no other to look for: among a million jobs that costs as much as all the rest.
_IS_WHOLE = _KEPT & Job.parent_job_id.is_(None)
_ANALYSIS_ID = func.coalesce(Job.analysis_id, Export.analysis_id)
_UPLOAD_ID = func.coalesce(Job.upload_id, Analysis.upload_id)


def find(connection: Connection, job_id: uuid.UUID) -> schemas.Job | None:
    """Read one job."""
    rows = one().execute(connection, {"job_id": job_id})
    return _shown(rows[0]) if rows else None


def status_of(connection: Connection, job_id: uuid.UUID) -> JobStatus | None:
    """Read where a job stands, be it deleted or not."""
    status = connection.scalar(select(Job.status).where(Job.job_id == job_id))
    return None if status is None else JobStatus(status)


def page(connection: Connection, wanted: schemas.JobFilter) -> schemas.JobPage:
    """Read a page of jobs."""
    conditions = list(_conditions(wanted))
    query = _rows().where(*conditions).offset(wanted.offset)
    rows, following = newest_first(connection, query, wanted, Job.created_at, Job.job_id)
    total = _count(connection, conditions)
    pagination = Pagination(
        page=None if wanted.cursor else wanted.page or 1,
        limit=wanted.limit,
        total=total,
        pages=-(-total // wanted.limit),
        next=following,
    )
    return schemas.JobPage(jobs=[_shown(row) for row in rows], pagination=pagination)


def newest(connection: Connection, wanted: WatchedFilter) -> list[schemas.Job]:
    """Read the newest whole jobs of a kind."""
    conditions: list[ColumnElement[bool]] = [_IS_WHOLE]
    if wanted.type is not None:
        conditions.append(_is_of_type(wanted.type))
    if wanted.status is not None:
        states = [status.value for status in JobStatus if watched_status(status) is wanted.status]
        conditions.append(Job.status.in_(states))
    query = _rows().where(*conditions).order_by(Job.created_at.desc(), Job.job_id.desc()).limit(wanted.limit)
    return [_shown(row) for row in connection.execute(query).mappings()]


def _is_of_type(wanted: JobType | RequestedAs) -> ColumnElement[bool]:
    return (Job.requested_as if isinstance(wanted, RequestedAs) else Job.job_type) == wanted.value


def _count(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> int:
    """Count jobs, as far as pages go."""
    some = _with_subjects(select(literal(1))).where(*conditions).limit(MOST_PAGED).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


def logs(connection: Connection, job_id: uuid.UUID, wanted: schemas.JobLogFilter) -> schemas.JobLogPage:
    """Read a page of what a job's attempts wrote, those of its parts included, from the oldest."""
    query = _lines(job_id)
    if wanted.attempt is not None:
        query = query.where(JobLog.attempt == wanted.attempt)
    rows, following = by_number(connection, query, wanted, JobLog.job_log_id)
    return schemas.JobLogPage(logs=[schemas.JobLogLine.model_validate(dict(row)) for row in rows], next=following)


def last_lines(connection: Connection, job_id: uuid.UUID) -> list[schemas.JobLogLine]:
    """Read the last lines that a job's attempts wrote, those of its parts included, from the oldest of them."""
    rows = connection.execute(_lines(job_id).order_by(JobLog.job_log_id.desc()).limit(_LAST_LINES)).mappings().all()
    return [schemas.JobLogLine.model_validate(dict(row)) for row in reversed(rows)]


def _lines(job_id: uuid.UUID) -> Select[Any]:
    query = select(JobLog.__table__).join(Job, Job.job_id == JobLog.job_id)
    return query.where((Job.job_id == job_id) | (Job.parent_job_id == job_id))


def events(connection: Connection, job_id: uuid.UUID, listing: Numbered) -> schemas.JobEventPage:
    """Read a page of a job's changes of state, from the oldest."""
    query = select(JobEvent.__table__).where(JobEvent.job_id == job_id)
    rows, following = by_number(connection, query, listing, JobEvent.job_event_id)
    return schemas.JobEventPage(items=[_event(row) for row in rows], next=following)


def _event(row: RowMapping) -> schemas.JobEvent:
    # Names of hosts are for the log. These tell the workers of one job apart, and nothing across jobs.
    worker_id = row["worker_id"]
    worker = None if worker_id in {None, _NOBODY} else uuid.uuid5(row["job_id"], worker_id).hex[:8]
    return schemas.JobEvent.model_validate({**row, "worker": worker})


def _conditions(wanted: schemas.JobFilter) -> Iterator[ColumnElement[bool]]:
    equal: dict[Any, Any] = {
        Job.status: wanted.status,
        Job.export_id: wanted.export_id,
    }
    yield from (column == value for column, value in equal.items() if value is not None)
    if wanted.upload_id is not None:
        yield _of_upload(wanted.upload_id)
    if wanted.analysis_id is not None:
        yield _of_analysis(wanted.analysis_id)
    if wanted.job_type is not None:
        yield _is_of_type(wanted.job_type)
    yield _IS_WHOLE if wanted.parent_job_id is None else _IS_SHOWN & (Job.parent_job_id == wanted.parent_job_id)


def _of_upload(upload_id: uuid.UUID) -> ColumnElement[bool]:
    """Say that a job is about a list, or about what was made of it: each kind is looked up in an index of its own."""
    own = select(_OWN.job_id).where(_OWN.upload_id == upload_id)
    analysing = select(_OWN.job_id).join(Analysis, Analysis.analysis_id == _OWN.analysis_id)
    exporting = select(_OWN.job_id).join(Export, Export.export_id == _OWN.export_id)
    exporting = exporting.join(Analysis, Analysis.analysis_id == Export.analysis_id)
    of_it = Analysis.upload_id == upload_id
    return Job.job_id.in_(union_all(own, analysing.where(of_it), exporting.where(of_it)))


def _of_analysis(analysis_id: uuid.UUID) -> ColumnElement[bool]:
    """Say that a job is an analysis, or an export of it."""
    own = select(_OWN.job_id).where(_OWN.analysis_id == analysis_id)
    exporting = select(_OWN.job_id).join(Export, Export.export_id == _OWN.export_id)
    return Job.job_id.in_(union_all(own, exporting.where(Export.analysis_id == analysis_id)))


@cache
def one() -> Prepared:
    """Read one job: nothing is asked more often, and planning it takes longer than to run it."""
    return Prepared.of(
        "job_read", _rows().where(_IS_SHOWN, Job.job_id == literal_column(":job_id")), {"job_id": "uuid"}
    )


def _rows() -> Select[Any]:
    query = select(
        *_SHOWN,
        Job.step_started_at.label("step_started_at"),
        Job.step_started_items.label("step_started_items"),
        Job.export_id.label("export_id"),
        _ANALYSIS_ID.label("analysis_id"),
        _UPLOAD_ID.label("upload_id"),
        func.coalesce(Upload.rejected_rows, 0).label("failed_items"),
        _NOW.label("now"),
        _WAITS_FOR,
    )
    # Of the job that reads a list itself: later ones do not count its rejected rows again.
    return _with_subjects(query).outerjoin(Upload, Upload.upload_id == Job.upload_id)


def _with_subjects(query: Select[Any]) -> Select[Any]:
    return (
        query.select_from(Job)
        .outerjoin(Export, Export.export_id == Job.export_id)
        .outerjoin(Analysis, Analysis.analysis_id == _ANALYSIS_ID)
    )


def _shown(row: RowMapping) -> schemas.Job:
    eta = None
    if row["status"] == JobStatus.PROCESSING:
        eta = eta_seconds(
            row["step_started_at"],
            row["step_started_items"],
            row["processed_items"],
            row["total_items"],
            row["now"],
        )
    details = {"progress_detail": _progress(row), "error_detail": _error(row)}
    return schemas.Job.model_validate({**row, "eta_seconds": eta, **details})


def _progress(row: RowMapping) -> schemas.ProgressDetail:
    total, processed = _items(row)
    return schemas.ProgressDetail(
        total=total,
        processed=processed,
        failed=row["failed_items"],
        percentage=row["progress"],
        message=progress_message(row["status"], row["current_step"], row["processed_items"], row["total_items"]),
    )


def _items(row: RowMapping) -> tuple[int | None, int]:
    """Say how many there are and how many are done; of a job that has completed, what came of it says so."""
    total, result = row["total_items"], row["result"] or {}
    if row["status"] == JobStatus.COMPLETED:
        # A list is read by its bytes, and what is quick is not counted as it goes.
        names = ("totalRows", "rows") if total is not None else ("totalRows", "rows", "totalEmails")
        for count in (result[name] for name in names if name in result):
            return count, count
    return total, row["processed_items"]


def _error(row: RowMapping) -> schemas.ErrorDetail | None:
    if row["error_code"] is None and row["error_message"] is None:
        return None
    return schemas.ErrorDetail(
        code=row["error_code"],
        message=row["error_message"],
        attempt=row["attempt"],
        retryable=row["status"] in RETRYABLE,
    )
