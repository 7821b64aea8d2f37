"""Uploads and their rejected rows."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from mailsift.api.schemas.analyses import AnalysisOpened
from mailsift.api.schemas.base import Answer, Given, Line, Page, Time, Timed
from mailsift.api.schemas.exports import ExportAccepted
from mailsift.shared.verdicts import AnalysisType, FileType, UploadStatus, UploadType


class UploadOptions(Timed):
    """What can be said of a file beside it: in the query, or in fields of the form."""

    file_name: Line | None = Field(default=None, min_length=1, max_length=255)
    analysis_type: Literal[AnalysisType.ADVANCED] | None = Field(
        default=None, description="analyse the list once it is read"
    )
    export_type: FileType | None = Field(
        default=None, description="write the answers into a file once the list is analysed; needs `analysisType`"
    )


class UploadWishes(UploadOptions):
    """All that was said of a file: an export needs an analysis."""

    @field_validator("export_type")
    @classmethod
    def _needs_an_analysis(cls, value: FileType | None, info: ValidationInfo) -> FileType | None:
        if value is not None and info.data.get("analysis_type", ...) is None:
            raise ValueError("an export needs an analysis: say analysisType=advanced too")
        return value

    @property
    def jobs(self) -> int:
        """How many jobs it takes."""
        return 1 + (self.analysis_type is not None) + (self.export_type is not None)


class AddressList(Given):
    """A list written in the request instead of a file."""

    emails: list[Annotated[Line, Field(max_length=1000)]] = Field(min_length=1, max_length=100_000)
    file_name: Line = Field(default="addresses.txt", min_length=1, max_length=255)


class UploadAccepted(Answer):
    """The upload is stored and waits to be read; what was asked for besides waits for that."""

    upload_id: uuid.UUID
    job_id: uuid.UUID
    status_url: str
    stream_url: str
    analysis: AnalysisOpened | None = Field(default=None, description="only with `analysisType`")
    export: ExportAccepted | None = Field(default=None, description="only with `exportType`")


class Upload(Answer):
    """An uploaded list and what was understood of it."""

    upload_id: uuid.UUID
    job_id: uuid.UUID | None
    file_name: str
    upload_type: UploadType
    file_size: int
    sha256: str
    status: UploadStatus
    error_code: str | None
    error_message: str | None
    format: str | None
    encoding: str | None
    delimiter: str | None
    has_header: bool | None
    email_column: int | None
    total_rows: int
    total_emails: int
    valid_emails: int
    duplicate_emails: int
    rejected_rows: int
    file_deleted_at: Time | None = Field(description="since when the file is no longer kept")
    rows_expired_at: Time | None = Field(description="since when the rows are no longer kept, only their counts")
    created_at: Time
    started_at: Time | None
    completed_at: Time | None
    updated_at: Time


class UploadDetail(Upload):
    """An upload with the names of its columns and a preview of its addresses."""

    column_names: list[str] | None
    emails: list[dict[str, Any]] | None = Field(description="the first addresses only")


class RejectedRow(Answer):
    """A row from which no address could be taken."""

    sequence_number: int
    row_number: int
    reason: str
    raw_text: str = Field(description="the row as found, cut")


class UploadPage(Page[Upload]):
    """A page of uploads."""


class RejectedRowPage(Page[RejectedRow]):
    """A page of rejected rows."""
