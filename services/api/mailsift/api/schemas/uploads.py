"""Uploads and their rejected rows."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from pydantic import Field

from mailsift.api.schemas.base import Answer, Given, Line, Page, Time
from mailsift.shared.verdicts import UploadStatus, UploadType


class UploadOptions(Given):
    """What can be said of a file beside it."""

    file_name: Line | None = Field(default=None, min_length=1, max_length=255)


class AddressList(Given):
    """A list written in the request instead of a file."""

    emails: list[Annotated[Line, Field(max_length=1000)]] = Field(min_length=1, max_length=100_000)
    file_name: Line = Field(default="addresses.txt", min_length=1, max_length=255)


class UploadAccepted(Answer):
    """The upload is stored and waits to be read."""

    upload_id: uuid.UUID
    job_id: uuid.UUID
    status_url: str
    stream_url: str


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
