"""Uploads and their rejected rows."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from mailsift.api.schemas.analyses import AnalysisOpened
from mailsift.api.schemas.base import Answer, Line, Page, Time, Timed
from mailsift.api.schemas.exports import ExportAccepted, ExportOptions, require_type
from mailsift.api.schemas.previews import Finding, Preview
from mailsift.api.schemas.reading import Reading, from_text, true_or_false
from mailsift.api.schemas.scoring import Scoring
from mailsift.shared.inbox import MAX_NAME_LENGTH
from mailsift.shared.urls import MAX_URL_LENGTH, parse_url
from mailsift.shared.verdicts import FileType, ListAnalysisType, UploadSource, UploadStatus, UploadType


def _without_query(url: str | None) -> str | None:
    # It may be a password.
    return url.partition("?")[0] if url and url.startswith("https:") else url


class Following(Timed):
    """What is to follow once a list is read."""

    analysis_type: ListAnalysisType | None = Field(default=None, description="analyse the list once it is read")
    export_type: FileType | None = Field(
        default=None, description="write the answers into a file once the list is analysed; needs `analysisType`"
    )
    export_options: Annotated[ExportOptions | None, BeforeValidator(from_text)] = Field(
        default=None,
        description="which rows and columns that file has and how it is written, as for POST /api/exports; in a query "
        "or a form as JSON; needs `exportType`",
        examples=[{"filterOption": "recommended", "columns": ["E-mail", "mailsift_status"]}],
    )
    scoring: Annotated[Scoring | None, BeforeValidator(from_text)] = Field(
        default=None,
        description="what the analysis weighs otherwise than the workspace has it; in a query or a form as JSON; needs "
        "`analysisType`",
    )


class Wishes(Following):
    """All that is to follow: an export needs an analysis, and so does a way to weigh."""

    @field_validator("export_type", "scoring")
    @classmethod
    def _needs_an_analysis(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("analysis_type", ...) is None:
            raise ValueError("it needs an analysis: say analysisType too, bulk or advanced")
        return value

    @field_validator("export_options")
    @classmethod
    def _fits_the_file(cls, value: ExportOptions | None, info: ValidationInfo) -> ExportOptions | None:
        if value is not None:
            require_type(value, info.data.get("export_type"))
        return value

    @property
    def jobs(self) -> int:
        """How many jobs it takes."""
        return 1 + (self.analysis_type is not None) + (self.export_type is not None)


class UploadOptions(Following, Reading):
    """What can be said of a file beside it: in the query, or in fields of the form."""

    file_name: Line | None = Field(default=None, min_length=1, max_length=255)
    preview: Annotated[bool, BeforeValidator(true_or_false)] = Field(
        default=False,
        description="read the beginning only, and show what was understood; POST to `start` makes an upload of it",
    )


class UploadWishes(UploadOptions, Wishes):
    """All that was said of a file: what follows a preview is said when it is started."""

    @field_validator("preview")
    @classmethod
    def _nothing_follows(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's signature
        for name in ("analysis_type", "export_type", "export_options", "scoring", "scheduled_for"):
            if value and info.data.get(name) is not None:
                raise ValueError(
                    f"a preview is read at once, and nothing follows it: say {to_camel(name)} at its start"
                )
        return value


class StartRequest(Wishes, Reading):
    """Corrections to what was understood of a preview, and what is to follow; null takes back what was said before."""


class UrlList(UploadOptions):
    """A list that lies on a server on the internet."""

    url: Annotated[
        str,
        Field(
            max_length=MAX_URL_LENGTH,
            description="https only, without user or password; what it redirects to counts too",
            examples=["https://files.example.com/people.csv"],
        ),
    ]

    @field_validator("url")
    @classmethod
    def _can_be_asked(cls, value: str) -> str:
        # As it will be asked for: what tells a query by how a URL begins must know `HTTPS:` too.
        return str(parse_url(value))


class ObjectList(UploadOptions):
    """A list that lies in the storage already."""

    object: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_NAME_LENGTH,
            description="the name of an object below `inbox/<workspaceId>/`",
            examples=["2026/people.csv"],
        ),
    ]


class AddressList(UploadOptions):
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
    source: UploadSource
    source_url: Annotated[str | None, AfterValidator(_without_query)] = Field(
        description="where it is fetched from: the URL without its query, or the key of the object"
    )
    file_size: int | None
    sha256: str | None
    status: UploadStatus
    error_code: str | None
    error_message: str | None
    format: str | None
    encoding: str | None
    delimiter: str | None
    has_header: bool | None
    email_columns: list[int] | None = Field(description="the columns with addresses, counted from 1")
    total_rows: int
    total_emails: int
    valid_emails: int
    duplicate_emails: int
    suppressed_emails: int = Field(description="addresses, repeated ones too, that were suppressed when it was read")
    rejected_rows: int
    warnings: list[str] = Field(
        description="what a person should know before going on: `mostly_duplicates` when most addresses repeat"
    )
    file_deleted_at: Time | None = Field(description="since when the file is no longer kept")
    rows_expired_at: Time | None = Field(description="since when the rows are no longer kept, only their counts")
    created_at: Time
    started_at: Time | None
    completed_at: Time | None
    updated_at: Time


class UploadDetail(Upload):
    """An upload with the names of its columns, what they were found by, and its first addresses."""

    column_names: list[str] | None
    reading: dict[str, JsonValue] = Field(description="what was said of how to read it")
    detection: list[Finding] | None = Field(description="what was understood, how sure that is, and why")
    preview: Preview | None = Field(description="the beginning of the list, until it is started")
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
