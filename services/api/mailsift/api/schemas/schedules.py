"""Schedules: what is to be done again and again, and what came of it each time."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from pydantic import Field, StrictBool, ValidationInfo, field_validator

from mailsift.api.schemas.base import Answer, Described, Given, Line, NotNull, Page, Time
from mailsift.api.schemas.exports import ExportOptions, require_type
from mailsift.shared.verdicts import AnalysisType, FileType, ListAnalysisType

Name = Annotated[Line, Field(min_length=1, max_length=100)]
Cron = Annotated[
    Line,
    Field(
        min_length=1,
        max_length=100,
        description="minute, hour, day of the month, month, day of the week; or `@hourly`, `@daily`, `@weekly`, "
        "`@monthly`, `@yearly`",
    ),
    Described(format="cron"),
]
Zone = Annotated[
    Line,
    Field(
        min_length=1,
        max_length=100,
        description="whose clock it means, such as `Europe/Berlin`",
    ),
    Described(format="timezone"),
]
Wish = Annotated[FileType | None, Field(description="the file that each analysis is to end in")]

Options = Annotated[
    ExportOptions | None,
    Field(
        description="which rows and columns that file has and how it is written, as for POST /api/exports; needs "
        "`exportType`"
    ),
]


Kind = Annotated[ListAnalysisType, Field(description="what each analysis looks at, as of `POST /api/analyses`")]


class ScheduleRequest(Given):
    """Analyse a list whenever a cron expression says so."""

    name: Name
    cron: Cron
    timezone: Zone = "UTC"
    upload_id: uuid.UUID
    analysis_type: Kind = AnalysisType.ADVANCED
    export_type: Wish = None
    export_options: Options = None
    enabled: StrictBool = True

    @field_validator("export_options")
    @classmethod
    def _fits_the_file(cls, value: ExportOptions | None, info: ValidationInfo) -> ExportOptions | None:
        if value is not None:
            require_type(value, info.data.get("export_type"))
        return value


class ScheduleChange(Given):
    """What is to be different; the rest stays as it is."""

    name: Annotated[Name | None, NotNull()] = None
    cron: Annotated[Cron | None, NotNull()] = None
    timezone: Annotated[Zone | None, NotNull()] = None
    upload_id: Annotated[uuid.UUID | None, NotNull()] = None
    analysis_type: Annotated[Kind | None, NotNull()] = None
    export_type: Wish = None
    export_options: Options = None
    enabled: Annotated[StrictBool | None, NotNull()] = None

    @field_validator("name", "cron", "timezone", "upload_id", "analysis_type", "enabled")
    @classmethod
    def _is_something(cls, value: object) -> object:
        # Only what was sent comes here.
        if value is None:
            raise ValueError("must not be null; leave it out to leave it as it is")
        return value


class Schedule(Answer):
    """What is done again and again."""

    schedule_id: uuid.UUID
    user_id: uuid.UUID = Field(description="who made it, and who asks for each analysis")
    name: str
    cron: str
    timezone: str
    upload_id: uuid.UUID
    analysis_type: ListAnalysisType
    export_type: FileType | None
    export_options: dict[str, Any] | None = Field(description="what was said of the file besides its type")
    enabled: bool
    next_due_at: Time | None = Field(description="null when it is not enabled")
    created_at: Time
    updated_at: Time


class ScheduleRun(Answer):
    """One time that a schedule came due."""

    due_at: Time
    job_id: uuid.UUID | None = Field(description="null when nothing was begun, and once the job is no longer kept")
    analysis_id: uuid.UUID | None
    export_id: uuid.UUID | None
    error_code: str | None = Field(description="why nothing was begun")
    created_at: Time


class SchedulePage(Page[Schedule]):
    """A page of schedules."""


class ScheduleRunPage(Page[ScheduleRun]):
    """A page of the times that a schedule came due."""
