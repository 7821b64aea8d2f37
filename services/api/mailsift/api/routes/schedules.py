"""/api/schedules: what is to be done again and again."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from apiflask import APIBlueprint

from mailsift.api.actions import scheduling
from mailsift.api.auth import principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import refusals
from mailsift.api.repository import schedules
from mailsift.api.routes.answers import Replied, accepted, asked, found, reading
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.schedules import (
    Schedule,
    ScheduleChange,
    SchedulePage,
    ScheduleRequest,
    ScheduleRunPage,
)

blueprint = APIBlueprint("schedules", __name__, url_prefix="/api/schedules", tag="schedules")

_REFUSALS = (
    "malformed_body",
    "not_found",
    "upload_not_ready",
    "schedule_name_taken",
    "rows_expired",
    "body_too_large",
    "unsupported_media_type",
    "validation_failed",
    "invalid_cron",
    "invalid_timezone",
)


@blueprint.post("")
@blueprint.input(ScheduleRequest, location="json")
@blueprint.output(Schedule, status_code=201, description="it is due at `nextDueAt`")
@blueprint.doc(
    responses=refusals(*_REFUSALS, "too_many_schedules", "idempotency_key_reused"), extensions={"x-idempotent": True}
)
def create(json_data: ScheduleRequest) -> Replied:
    """Have a list analysed again and again."""
    schedule, replayed = scheduling.create(deps(), asked(), json_data)
    body, _, headers = accepted(schedule, "schedules", schedule.schedule_id, replayed=replayed)
    return body, HTTPStatus.CREATED.value, headers


@blueprint.get("")
@blueprint.input(Listing, location="query")
@blueprint.output(SchedulePage)
def index(query_data: Listing) -> SchedulePage:
    """List schedules, the newest first."""
    with reading() as connection:
        return schedules.page(connection, query_data)


@blueprint.get("/<uuid:schedule_id>")
@blueprint.output(Schedule)
@blueprint.doc(responses=refusals("not_found"))
def show(schedule_id: uuid.UUID) -> Schedule:
    """Read a schedule."""
    with reading() as connection:
        return found(schedules.find(connection, schedule_id), "schedule")


@blueprint.patch("/<uuid:schedule_id>")
@blueprint.input(ScheduleChange, location="json")
@blueprint.output(Schedule)
@blueprint.doc(responses=refusals(*_REFUSALS))
def change(schedule_id: uuid.UUID, json_data: ScheduleChange) -> Schedule:
    """Change a schedule; what is not sent stays as it is."""
    return scheduling.change(deps(), principal(), schedule_id, json_data)


@blueprint.delete("/<uuid:schedule_id>")
@blueprint.output({}, status_code=204, description="it is gone; what it made stays")
@blueprint.doc(responses=refusals("not_found"))
def delete(schedule_id: uuid.UUID) -> str:
    """Delete a schedule."""
    scheduling.delete(deps(), principal(), schedule_id)
    return ""


@blueprint.get("/<uuid:schedule_id>/runs")
@blueprint.input(Listing, location="query")
@blueprint.output(ScheduleRunPage)
@blueprint.doc(responses=refusals("not_found"))
def runs(schedule_id: uuid.UUID, query_data: Listing) -> ScheduleRunPage:
    """List the times that a schedule came due, the latest first, and what came of each."""
    with reading() as connection:
        found(schedules.find(connection, schedule_id), "schedule")
        return schedules.runs(connection, schedule_id, query_data)
