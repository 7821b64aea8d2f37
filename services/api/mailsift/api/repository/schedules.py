"""Schedules, and the times that they came due."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select, update
from uuid_utils.compat import uuid7

from mailsift.api.principal import Principal
from mailsift.api.repository.pages import newest_first
from mailsift.api.schemas import schedules as schemas
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.exports import ExportOptions, chosen, said_options
from mailsift.shared.db import locks
from mailsift.shared.db.tables import Export, Schedule, ScheduleRun
from mailsift.shared.verdicts import FileType, ListAnalysisType


@dataclass(frozen=True, slots=True)
class Terms:
    """What a user says of a schedule."""

    name: str
    cron: str
    timezone: str
    upload_id: uuid.UUID
    analysis_type: ListAnalysisType
    export_type: FileType | None
    export_options: ExportOptions | None
    enabled: bool

    def to_row(self) -> dict[str, Any]:
        """Give it the columns of its table."""
        selection, writing = chosen(self.export_options)
        said = {
            name: getattr(self, name) for name in ("name", "cron", "timezone", "upload_id", "analysis_type", "enabled")
        }
        return {
            **said,
            "file_type": self.export_type,
            "options": selection.to_json(),
            "writing": writing.to_json(),
        }


def write_alone(connection: Connection, workspace_id: uuid.UUID) -> dt.datetime:
    """Be the only one who writes schedules of a workspace until the transaction ends; returns what the time is."""
    locks.hold(connection, f"schedules {workspace_id}")
    now: dt.datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return now


def count(connection: Connection) -> int:
    """Count the schedules of the workspace."""
    return connection.execute(select(func.count()).select_from(Schedule)).scalar_one()


def named(connection: Connection, name: str) -> uuid.UUID | None:
    """Return the schedule of that name."""
    return connection.scalar(select(Schedule.schedule_id).where(Schedule.name == name))


def add(connection: Connection, principal: Principal, terms: Terms, next_due_at: dt.datetime | None) -> uuid.UUID:
    """Write a new schedule."""
    schedule_id = uuid7()
    owner = {"workspace_id": principal.workspace_id, "user_id": principal.user_id}
    row = {"schedule_id": schedule_id, **owner, **terms.to_row(), "next_due_at": next_due_at}
    connection.execute(insert(Schedule), row)
    return schedule_id


def change(connection: Connection, schedule_id: uuid.UUID, terms: Terms, next_due_at: dt.datetime | None) -> None:
    """Write what is said of a schedule anew."""
    changed = {**terms.to_row(), "next_due_at": next_due_at, "updated_at": func.clock_timestamp()}
    connection.execute(update(Schedule).where(Schedule.schedule_id == schedule_id).values(changed))


def remove(connection: Connection, schedule_id: uuid.UUID) -> bool:
    """Delete a schedule and its runs; what these made stays. False when there is none."""
    return connection.execute(delete(Schedule).where(Schedule.schedule_id == schedule_id)).rowcount > 0


def find(connection: Connection, schedule_id: uuid.UUID) -> schemas.Schedule | None:
    """Read one schedule."""
    row = connection.execute(_rows().where(Schedule.schedule_id == schedule_id)).mappings().first()
    return None if row is None else _shown(row)


def hold(connection: Connection, schedule_id: uuid.UUID) -> schemas.Schedule | None:
    """Read one schedule and keep the dispatchers from firing it until the transaction ends."""
    query = _rows().where(Schedule.schedule_id == schedule_id).with_for_update()
    row = connection.execute(query).mappings().first()
    return None if row is None else _shown(row)


def page(connection: Connection, listing: Listing) -> schemas.SchedulePage:
    """Read a page of schedules."""
    rows, following = newest_first(connection, _rows(), listing, Schedule.created_at, Schedule.schedule_id)
    shown = [_shown(row) for row in rows]
    return schemas.SchedulePage(items=shown, next=following)


def runs(connection: Connection, schedule_id: uuid.UUID, listing: Listing) -> schemas.ScheduleRunPage:
    """Read a page of the times that a schedule came due."""
    # The first of an analysis is the one that came with it.
    export = select(Export.export_id).where(Export.analysis_id == ScheduleRun.analysis_id)
    first = export.order_by(Export.created_at, Export.export_id).limit(1).scalar_subquery().label("export_id")
    query = select(*ScheduleRun.__table__.columns, first).where(ScheduleRun.schedule_id == schedule_id)
    rows, following = newest_first(connection, query, listing, ScheduleRun.due_at, ScheduleRun.schedule_id)
    shown = [schemas.ScheduleRun.model_validate(dict(row)) for row in rows]
    return schemas.ScheduleRunPage(items=shown, next=following)


def _rows() -> Select[Any]:
    columns = [column for column in Schedule.__table__.columns if column.key != "file_type"]
    return select(*columns, Schedule.file_type.label("export_type"))


def _shown(row: RowMapping) -> schemas.Schedule:
    said = said_options(row["options"], row["writing"])
    return schemas.Schedule.model_validate({**row, "export_options": said or None})
