"""Exports: files with the answers."""

from __future__ import annotations

import uuid
from typing import Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from mailsift.api.links import MOST_SECONDS
from mailsift.api.schemas.base import Answer, Given, Page, Time
from mailsift.api.schemas.selection import Selecting
from mailsift.shared.verdicts import Compression, ExportStatus, FileType, Formulas
from mailsift.shared.writing import WritingOptions

_WITH_A_MARK = {FileType.CSV, FileType.TSV}


class ExportRequest(Selecting):
    """Write the results of an analysis into a file."""

    analysis_id: uuid.UUID
    file_type: FileType = FileType.CSV
    compression: Compression = Field(
        default=Compression.NONE, description="what the file is packed with, whatever it is"
    )
    formulas: Formulas = Field(
        default=Formulas.NEUTRALISE,
        description="in CSV and TSV, cells that a spreadsheet would run get an apostrophe before them, unless kept",
    )
    bom: bool = Field(
        default=False, strict=True, description="of CSV and TSV: begin with the mark by which Excel knows UTF-8"
    )

    @field_validator("bom")
    @classmethod
    def _is_a_text_with_a_mark(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic calls it
        if value and info.data.get("file_type", FileType.CSV) not in _WITH_A_MARK:
            raise ValueError("only CSV and TSV begin with a mark")
        return value

    @model_validator(mode="after")
    def _is_of_the_whole(self) -> Self:
        if self.file_type is FileType.HTML and not self.selection.is_everything:
            raise ValueError("a report (html) is of the whole analysis: leave filters and order out, or ask for a list")
        return self

    @property
    def writing(self) -> WritingOptions:
        """What was said of how the file is to be written."""
        return WritingOptions(self.compression, self.formulas, self.bom)


class ExportAccepted(Answer):
    """The file is asked for."""

    export_id: uuid.UUID
    job_id: uuid.UUID
    file_name: str
    status_url: str
    stream_url: str
    download_url: str


class LinkRequest(Given):
    """Open the file to somebody without a key."""

    expires_in: int = Field(default=24 * 3600, ge=60, le=MOST_SECONDS, description="seconds")


class ExportLink(Answer):
    """A link that needs no key; the file may be gone before it ends."""

    url: str
    expires_at: Time


class LinkParameters(Given):
    """What a signed link has beside its path."""

    key: str | None = Field(default=None, max_length=36)
    expires: str | None = Field(default=None, max_length=20)
    signature: str | None = Field(default=None, max_length=64)


class Export(Answer):
    """A file: whether it is written, how to check it, until when it can be had."""

    export_id: uuid.UUID
    job_id: uuid.UUID | None
    analysis_id: uuid.UUID
    file_name: str
    file_type: FileType
    compression: Compression
    formulas: Formulas
    bom: bool
    status: ExportStatus
    error_code: str | None
    error_message: str | None
    file_size: int | None
    sha256: str | None
    content_type: str | None
    row_count: int | None
    options: dict[str, Any] = Field(description="which rows were asked for, and in which order")
    partial: bool = Field(description="written while the analysis was still at work: some addresses have no answer yet")
    suppressed_rows: int = Field(description="rows that were left out because an address in them is suppressed")
    download_count: int
    download_url: str | None = Field(description="null until the file can be had, and once it has expired")
    created_at: Time
    started_at: Time | None
    completed_at: Time | None
    expires_at: Time | None
    updated_at: Time


class ExportPage(Page[Export]):
    """A page of exports."""
