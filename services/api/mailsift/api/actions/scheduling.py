"""Makes, changes and deletes schedules."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace

from sqlalchemy import Connection

from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.deps import Deps
from mailsift.api.faults import Fault
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem, invalid
from mailsift.api.repository import schedules, uploads
from mailsift.api.repository.schedules import Terms
from mailsift.api.schemas.exports import ExportOptions, require_type
from mailsift.api.schemas.schedules import Schedule, ScheduleChange, ScheduleRequest
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs import cron
from mailsift.shared.jobs.cron import Recurrence, recurrence
from mailsift.shared.verdicts import UploadStatus

MOST = 100

_FIELDS = {cron.INVALID_CRON: "cron", cron.INVALID_TIMEZONE: "timezone"}
_HOPELESS = {UploadStatus.FAILED, UploadStatus.CANCELLED, UploadStatus.PREVIEW}


def create(deps: Deps, asked: Asked, request: ScheduleRequest) -> tuple[Schedule, bool]:
    """Write a schedule. Raises Problem."""
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        return once(
            connection,
            asked,
            fingerprint("schedules", request.model_dump_json(by_alias=True)),
            Schedule,
            lambda: _add(connection, asked.principal, request),
        )


def change(deps: Deps, principal: Principal, schedule_id: uuid.UUID, request: ScheduleChange) -> Schedule:
    """Write what is to be different, and when it is due next. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        now = schedules.write_alone(connection, principal.workspace_id)
        before = schedules.hold(connection, schedule_id)
        if before is None:
            raise _no_such()
        terms = _terms(before)
        wanted = _changed(terms, request)
        recurring = _recurrence(wanted)
        if wanted.name != terms.name:
            _check_name(connection, wanted.name)
        if wanted.upload_id != terms.upload_id:
            _check_upload(connection, wanted.upload_id)
        same_times = _times(wanted) == _times(terms)
        next_due_at = before.next_due_at if same_times else _next_due(recurring, wanted, now)
        schedules.change(connection, schedule_id, wanted, next_due_at)
        record(connection, principal, Activity.SCHEDULE_CHANGED, schedule_id)
        return _shown(connection, schedule_id)


def delete(deps: Deps, principal: Principal, schedule_id: uuid.UUID) -> None:
    """Delete a schedule. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        if not schedules.remove(connection, schedule_id):
            raise _no_such()
        record(connection, principal, Activity.SCHEDULE_DELETED, schedule_id)


def _add(connection: Connection, principal: Principal, request: ScheduleRequest) -> Schedule:
    now = schedules.write_alone(connection, principal.workspace_id)
    terms = _terms(request)
    recurring = _recurrence(terms)
    if schedules.count(connection) >= MOST:
        raise Problem("too_many_schedules", f"there are {MOST} of them; delete one that is not needed")
    _check_name(connection, terms.name)
    _check_upload(connection, terms.upload_id)
    schedule_id = schedules.add(connection, principal, terms, _next_due(recurring, terms, now))
    record(connection, principal, Activity.SCHEDULE_CREATED, schedule_id)
    return _shown(connection, schedule_id)


def _terms(said: ScheduleRequest | Schedule) -> Terms:
    options = said.export_options
    if isinstance(options, dict):
        options = ExportOptions.model_validate(options)
    return Terms(
        said.name, said.cron, said.timezone, said.upload_id, said.analysis_type, said.export_type, options, said.enabled
    )


def _changed(terms: Terms, request: ScheduleChange) -> Terms:
    """Put what is said now in the place of what was said before. Raises Problem."""
    wanted = replace(terms, **{field: getattr(request, field) for field in request.model_fields_set})
    if wanted.export_type is None and "export_options" not in request.model_fields_set:
        # They go with the file that they were about.
        return replace(wanted, export_options=None)
    if wanted.export_options is not None:
        try:
            require_type(wanted.export_options, wanted.export_type)
        except ValueError as error:
            raise invalid("exportOptions", str(error)) from error
    return wanted


def _times(terms: Terms) -> tuple[str, str, bool]:
    return terms.cron, terms.timezone, terms.enabled


def _recurrence(terms: Terms) -> Recurrence:
    try:
        return recurrence(terms.cron, terms.timezone)
    except PermanentError as error:
        field = _FIELDS[error.code]
        raise Problem(error.code, f"{field}: {error.message}", faults=[Fault(field, error.message)]) from error


def _next_due(recurring: Recurrence, terms: Terms, now: dt.datetime) -> dt.datetime | None:
    return recurring.after(now) if terms.enabled else None


def _check_name(connection: Connection, name: str) -> None:
    if schedules.named(connection, name) is not None:
        raise Problem("schedule_name_taken", "take another name, or change the schedule that has it")


def _check_upload(connection: Connection, upload_id: uuid.UUID) -> None:
    upload = uploads.standing(connection, upload_id)
    if upload is None:
        raise Problem("not_found", "there is no such upload")
    if not upload.rows_kept:
        raise Problem("rows_expired", "the rows of this list are no longer kept; upload it again")
    if upload.status in _HOPELESS:
        raise Problem("upload_not_ready", f"the upload is {upload.status.value}")


def _shown(connection: Connection, schedule_id: uuid.UUID) -> Schedule:
    schedule = schedules.find(connection, schedule_id)
    if schedule is None:
        raise _no_such()
    return schedule


def _no_such() -> Problem:
    return Problem("not_found", "there is no such schedule")
