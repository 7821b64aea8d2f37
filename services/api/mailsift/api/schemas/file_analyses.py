"""A file analysed in one request, from the upload to the workbook."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from pydantic import Field, RootModel, WithJsonSchema

from mailsift.api.schemas.base import Answer, Given
from mailsift.shared.selection import FilterOption
from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status


class FileOptions(Given):
    """What a form may say beside its file."""

    filter_option: FilterOption = Field(
        default=FilterOption.ALL, description="which rows the workbook has; `recommended`: valid, 70 points or more"
    )


class FileForm(FileOptions):
    """The form."""

    file: Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})]


class FileAnalysisStarted(Answer):
    """Jobs work on it, one after the other."""

    success: Literal[True] = True
    job_id: uuid.UUID = Field(description="of the last job, which writes the workbook")
    status: Literal["processing"] = "processing"
    message: str = "Analysis started. Use the jobId to check progress."


class FileAnalysisProcessing(Answer):
    """It is under way."""

    success: Literal[True] = True
    job_id: uuid.UUID
    status: Literal["processing"] = "processing"
    progress: int = Field(ge=0, le=100, description="of all of it: reading, analysing, writing")
    message: str = "Analysis in progress"


class FileSummary(Answer):
    """What was found, in numbers."""

    total_emails: int
    processed_emails: int
    total_domains: int
    by_status: dict[Status, int]
    by_lead_status: dict[LeadStatus, int] | None
    by_risk_level: dict[RiskLevel, int]
    corporate_emails: int
    free_emails: int
    disposable_emails: int
    role_based_emails: int
    exported_rows: int = Field(description="rows of the workbook")


class FileAnalysisCompleted(Answer):
    """The workbook is there."""

    success: Literal[True] = True
    job_id: uuid.UUID
    status: Literal["completed"] = "completed"
    message: str = "Analysis completed successfully"
    download_url: str
    excel_file: str = Field(description="the last part of that URL")
    data_source: Literal["live", "cache", "mixed"] = Field(
        description="whether nameservers were asked for all domains, for none, or for some"
    )
    summary: FileSummary
    onpage_results: list[str] = Field(default=[], max_length=0, description="always empty: no page is looked at")
    keyword_mapping: list[str] = Field(default=[], max_length=0, description="always empty: there are no keywords")


class FileAnalysisFault(Answer):
    """Why there is no workbook."""

    message: str
    details: str = Field(description="a stable code")


class FileAnalysisFailed(Answer):
    """It failed, was cancelled, or took too long."""

    success: Literal[False] = False
    job_id: uuid.UUID
    status: Literal["failed"] = "failed"
    error: FileAnalysisFault


class FileAnalysis(RootModel[FileAnalysisProcessing | FileAnalysisCompleted | FileAnalysisFailed]):
    """How the analysis of a file stands."""
