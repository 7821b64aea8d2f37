"""POST /api/jobs in its two shapes: that of data pipeline jobs says `jobType`, that of persistent jobs `type`."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Discriminator, Field, JsonValue, RootModel, SecretStr, Tag

from mailsift.api.schemas.base import Answer, Given, Line, Timed
from mailsift.api.schemas.reading import ColumnMapping
from mailsift.api.schemas.selection import ExportFilters

MOST_EMAILS = 100_000


class PipelineType(StrEnum):
    """What data pipeline jobs are asked for as."""

    IMPORT_CSV = "import_csv"
    EXPORT_DATA = "export_data"
    CLEANUP_DATA = "cleanup_data"
    EXPORT_CSV = "export_csv"
    ENRICH_ACCOUNT = "enrich_account"
    ENRICH_CONTACT = "enrich_contact"
    SYNC_CRM = "sync_crm"
    SEND_EMAIL_BATCH = "send_email_batch"
    GENERATE_REPORT = "generate_report"


class PersistentType(StrEnum):
    """What persistent jobs are asked for as."""

    VERIFY_EMAILS = "verify-emails"
    GENERATE_EMAILS = "generate-emails"
    GENERATE_VERIFIED_EMAILS = "generate-verified-emails"
    SCRAPE_EMAILS = "scrape-emails"
    FIND_EMAILS = "find-emails"
    AI_GENERATE = "ai-generate"
    SEND_EMAILS = "send-emails"


class PipelineJob(Timed):
    """A data pipeline job."""

    job_type: PipelineType = Field(
        description="`import_csv` takes a list in, `export_data` writes answers into a file, `cleanup_data` is for"
        " operators; mailsift does none of the others (`not_supported`)"
    )
    payload: dict[str, JsonValue] = Field(
        description="of `import_csv` an ImportPayload, of `export_data` an ExportPayload, of `cleanup_data` a CleanUp",
        examples=[{"file_url": "https://files.example.com/people.csv", "mapping": {"Mail": "email"}}],
    )


class PersistentMetadata(Given):
    """What a persistent job is made for."""

    params: dict[str, JsonValue] = Field(
        description="of `verify-emails` a VerifyEmails", examples=[{"emails": ["ann@example.com"]}]
    )


class PersistentJob(Given):
    """A persistent job."""

    type: PersistentType = Field(
        description="mailsift does none but `verify-emails`: it makes no addresses up and sends no mail"
    )
    metadata: PersistentMetadata
    user_id: Line | None = Field(default=None, max_length=100, description="of nobody but the caller")


def _shape(given: object) -> str | None:
    if not isinstance(given, dict):
        return "jobType" if isinstance(given, PipelineJob) else "type"
    named = [key for key in ("jobType", "type") if key in given]
    return named[0] if len(named) == 1 else None


class JobRequest(
    RootModel[
        Annotated[
            Annotated[PipelineJob, Tag("jobType")] | Annotated[PersistentJob, Tag("type")],
            Discriminator(
                _shape,
                custom_error_type="no_shape",
                custom_error_message="say jobType (with payload) or type (with metadata), one of both",
            ),
        ]
    ]
):
    """A job, in one of two shapes."""


class SnakeGiven(Given):
    """The base of payloads, in snake_case."""

    model_config = ConfigDict(alias_generator=lambda name: name)


class ImportOptions(SnakeGiven):
    """How rows that are there already are to be taken."""

    update_existing: bool = Field(
        default=False, strict=True, description="only `false`: each upload is a list of its own"
    )
    skip_duplicates: bool = Field(default=True, strict=True, description="only `true`: each address is judged once")
    batch_size: int | None = Field(default=None, description="not supported: mailsift sizes batches by itself")


class ImportPayload(SnakeGiven):
    """A list to be fetched and read."""

    file_url: Line = Field(max_length=4096, description="https", examples=["https://files.example.com/people.csv"])
    entity_type: Line | None = Field(default=None, max_length=100, description="`emails` or `contacts`, if anything")
    mapping: ColumnMapping = Field(
        default=None, description="what columns are, as of an upload", examples=[{"Mail": "email", "Vorname": "name"}]
    )
    options: ImportOptions = ImportOptions()


class SnakeFilters(ExportFilters):
    """What an address has to be like, in snake_case."""

    model_config = ConfigDict(alias_generator=lambda name: name)


class ExportPayload(SnakeGiven):
    """Answers to be written into a file."""

    analysis_id: uuid.UUID = Field(description="whose answers")
    entity_type: Line | None = Field(default=None, max_length=100, description="`emails` or `contacts`, if anything")
    filters: SnakeFilters = SnakeFilters()
    fields: list[Line] | None = Field(
        default=None, min_length=1, max_length=1000, description="the columns of the file, in this order"
    )
    format: Literal["csv", "json", "excel"] = "csv"
    deliver_to: Line = Field(default="download_link", max_length=100, description="only `download_link`")


class VerifyEmails(Given):
    """Addresses to be verified."""

    emails: list[Annotated[Line, Field(min_length=1, max_length=1000)]] = Field(
        min_length=1, max_length=MOST_EMAILS, examples=[["ann@example.com", "bob@example.org"]]
    )
    service: Line = Field(default="mailsift", max_length=100, description="only `mailsift`")
    api_key: SecretStr | None = Field(
        default=None, max_length=1000, description="needed by no service here: neither used nor stored"
    )


class CleanUp(Given):
    """Which jobs are to be shown no more."""

    older_than_hours: int = Field(default=24, ge=1, le=24 * 3650, strict=True, description="that ended longer ago")


class CleanedUp(Answer):
    """How many jobs are shown no more."""

    success: Literal[True] = True
    deleted: int
    complete: bool = Field(description="false when there are more: ask again")


class PersistentJobCreated(Answer):
    """The job is queued, in the shape of persistent jobs."""

    success: Literal[True] = True
    job_id: uuid.UUID
    message: str = "Job created successfully"


class VerificationStarted(Answer):
    """Addresses are being verified."""

    success: Literal[True] = True
    job_id: uuid.UUID
    stream_url: str
    status_url: str
    notices: list[str] = Field(default=[], description="`api_key_ignored`: a key was sent that is not needed")
