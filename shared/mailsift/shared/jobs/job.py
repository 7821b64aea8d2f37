"""What the engine's callers hold: a job to enqueue, a job that was claimed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.catalog import JobType


@dataclass(frozen=True, slots=True)
class Subject:
    """What a job is about: exactly one of an upload, an analysis, an export."""

    upload_id: uuid.UUID | None = None
    analysis_id: uuid.UUID | None = None
    export_id: uuid.UUID | None = None

    def __post_init__(self) -> None:
        """Refuse what the table would refuse."""
        if sum(part is not None for part in (self.upload_id, self.analysis_id, self.export_id)) != 1:
            raise ValueError("a job has exactly one subject")

    def upload(self) -> uuid.UUID:
        """Return the upload. Raises PermanentError when the job is about something else."""
        return _required(self.upload_id, "an upload")

    def analysis(self) -> uuid.UUID:
        """Return the analysis. Raises PermanentError when the job is about something else."""
        return _required(self.analysis_id, "an analysis")

    def export(self) -> uuid.UUID:
        """Return the export. Raises PermanentError when the job is about something else."""
        return _required(self.export_id, "an export")


def _required(subject: uuid.UUID | None, name: str) -> uuid.UUID:
    if subject is None:
        raise PermanentError("wrong_subject", f"a job of this type needs {name}")
    return subject


@dataclass(frozen=True, slots=True)
class NewJob:
    """A root job to enqueue."""

    job_type: JobType
    workspace_id: uuid.UUID
    user_id: uuid.UUID
    subject: Subject
    trace_id: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    # The traceparent that its work stands below; None begins a trace with each attempt.
    trace_context: str | None = None
    # From 0 to 10, higher first; None leaves it to the type.
    priority: int | None = None
    # Not before then; None is at once.
    scheduled_for: dt.datetime | None = None
    # The job of the same workspace that must have completed first.
    after_job_id: uuid.UUID | None = None
    # It is cancelled when it has not ended by then; None gives it all the time it takes.
    deadline: dt.datetime | None = None
    # The word by which it was asked for, where that is no type of ours.
    requested_as: str | None = None


@dataclass(frozen=True, slots=True)
class Child:
    """A part of a parent's work, with a key that is unique below that parent."""

    job_type: JobType
    key: str
    payload: Mapping[str, Any]
    total_items: int


@dataclass(frozen=True, slots=True)
class Ref:
    """The right to write for one attempt of a job: the fence token goes with every write."""

    job_id: uuid.UUID
    lease_token: uuid.UUID


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job as its worker sees it."""

    ref: Ref
    job_type: JobType
    workspace_id: uuid.UUID
    user_id: uuid.UUID
    subject: Subject
    parent_job_id: uuid.UUID | None
    payload: Mapping[str, Any]
    checkpoint: Mapping[str, Any] | None
    attempt: int
    retry_count: int
    max_retries: int
    priority: int
    trace_id: str
    # The traceparent that the work of this attempt stands below, and that of the job it waited for.
    trace_context: str | None
    follows: str | None
    waited_seconds: float

    @property
    def root_id(self) -> uuid.UUID:
        """The job whose progress the user watches."""
        return self.parent_job_id or self.ref.job_id
