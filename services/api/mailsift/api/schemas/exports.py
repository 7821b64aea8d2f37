"""Exports: files with the answers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from mailsift.api.links import MOST_SECONDS
from mailsift.api.schemas.base import Answer, Described, Given, Page, Time, Timed, printable
from mailsift.api.schemas.selection import ExportFilters, Selecting
from mailsift.shared.selection import EVERYTHING, Selection
from mailsift.shared.verdicts import Compression, ExportStatus, FileType, Formulas
from mailsift.shared.writing import AS_USUAL, WritingOptions

_WITH_A_MARK = {FileType.CSV, FileType.TSV}
_MOST_COLUMNS = 1000
_LONGEST_NAME = 1000


def _storable(name: str) -> str:
    # Names of columns may have line breaks; what cannot be stored is in none of them.
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in name):
        raise ValueError("no column has such a name")
    return name


def _all_different(names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise ValueError("names a column twice")


def _require_mark(file_type: FileType) -> None:
    if file_type not in _WITH_A_MARK:
        raise ValueError("only CSV and TSV begin with a mark: leave bom out")


_Name = Annotated[
    str, Field(min_length=1, max_length=_LONGEST_NAME), AfterValidator(_storable), Described(pattern=r"^[^\u0000]*$")
]
_Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    AfterValidator(printable),
    Described(pattern=r"^[^\u0000-\u001f\u007f-\u009f]*$"),
]


class ExportOptions(Selecting):
    """Which rows and which columns a file has, and how it is written."""

    columns: tuple[_Name, ...] | None = Field(
        default=None,
        max_length=_MOST_COLUMNS,
        description="those that the file has, in this order, named as it would name them; left out, all of them",
        examples=[["E-mail", "mailsift_status"]],
    )
    rename: dict[_Name, _Title] = Field(
        default={},
        max_length=_MOST_COLUMNS,
        description="new names of columns, by the names that they would have",
        examples=[{"mailsift_status": "Status"}],
    )
    compression: Compression = Field(
        default=Compression.NONE, description="what the file is packed with, whatever it is"
    )
    formulas: Formulas = Field(
        default=Formulas.NEUTRALISE,
        description="in CSV and TSV, cells that a spreadsheet would run get an apostrophe before them, unless kept",
    )
    bom: StrictBool = Field(
        default=False, strict=True, description="of CSV and TSV: begin with the mark by which Excel knows UTF-8"
    )

    @field_validator("columns")
    @classmethod
    def _has_each_once(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value == ():
            raise ValueError("a file has a column at least; leave this out for all of them")
        _all_different(value or ())
        return value

    @field_validator("rename")
    @classmethod
    def _tells_them_apart(cls, value: dict[str, str]) -> dict[str, str]:
        _all_different(list(value.values()))
        return value

    def require_fit(self, file_type: FileType) -> None:
        """Raise ValueError for what a file of that type cannot have."""
        if self.bom:
            _require_mark(file_type)
        if file_type is FileType.HTML and not (self.selection.is_everything and self.has_all_columns):
            raise ValueError(
                "a report (html) is of the whole analysis: leave filters, order and columns out, or ask for a list"
            )

    @property
    def has_all_columns(self) -> bool:
        """Whether nothing was said of columns."""
        return self.columns is None and not self.rename

    @property
    def writing(self) -> WritingOptions:
        """What was said of how the file is to be written."""
        return WritingOptions(self.compression, self.formulas, self.bom, self.columns or (), self.rename)


def require_type(options: ExportOptions, file_type: FileType | None) -> None:
    """Raise ValueError for options of no file, and for what a file of that type cannot have."""
    if file_type is None:
        raise ValueError("options need a file: say exportType too")
    options.require_fit(file_type)


class _OfAnAnalysis(Timed):
    """What a file is made of, and its type; by itself, so that it is known when the options are looked at."""

    analysis_id: uuid.UUID
    file_type: FileType = FileType.CSV


class ExportRequest(ExportOptions, _OfAnAnalysis):
    """Write the results of an analysis into a file."""

    partial: StrictBool = Field(
        default=False, description="do not wait: export an analysis that is at work as far as it is"
    )

    @field_validator("bom")
    @classmethod
    def _has_a_mark(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic calls it
        if value:
            _require_mark(info.data.get("file_type", FileType.CSV))
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self.require_fit(self.file_type)
        return self

    @property
    def wanted(self) -> Selection:
        """What the exporter is told of rows."""
        return replace(self.selection, partial=self.partial)


def chosen(options: ExportOptions | None) -> tuple[Selection, WritingOptions]:
    """What the exporter is told of rows, and of how it writes them."""
    return (EVERYTHING, AS_USUAL) if options is None else (options.selection, options.writing)


def said_options(selection: Mapping[str, Any], writing: Mapping[str, Any]) -> dict[str, Any]:
    """Say as ExportOptions does what is stored of them; what was not said is not there."""
    said = {**selection, **writing}
    said = {"filterOption": said.pop("filterOption", None), "sort": said.pop("order", None), **said}
    filters = {name: said.pop(name) for name in _FILTERS & said.keys()}
    return {name: value for name, value in {**said, "filters": filters}.items() if value}


_FILTERS = {str(field.alias) for field in ExportFilters.model_fields.values()}


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
    columns: list[str] = Field(description="those that it has; empty for all")
    rename: dict[str, str]
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
