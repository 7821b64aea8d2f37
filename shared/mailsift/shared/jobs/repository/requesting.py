"""What users ask for: an analysis, an export, each with its job, and that an ended job is shown no more."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from sqlalchemy import Connection, insert, text
from uuid_utils.compat import uuid7

from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.tables import AdvancedAnalysis, Analysis, BulkAnalysis, DomainAnalysis, Export, SingleAnalysis
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import NewJob, Subject
from mailsift.shared.jobs.repository.queueing import enqueue
from mailsift.shared.jobs.states import ENDED
from mailsift.shared.scoring_policy import DEFAULT_POLICY, ScoringPolicy
from mailsift.shared.selection import EVERYTHING, FilterOption, Selection
from mailsift.shared.verdicts import AnalysisType, FileType, ListAnalysisType
from mailsift.shared.writing import AS_USUAL, WritingOptions

_LONGEST_STEM = 200

_MARK_DELETED = text(f"""
    UPDATE "jobQueue" SET "deletedAt" = clock_timestamp(), "updatedAt" = clock_timestamp()
    WHERE "jobId" = :job_id AND "parentJobId" IS NULL AND "deletedAt" IS NULL
        AND status IN ({", ".join(f"'{status}'" for status in sorted(ENDED))})""")


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks, in which workspace and in which trace, and by which word where that is no type of ours."""

    workspace_id: uuid.UUID
    user_id: uuid.UUID
    trace_id: str
    requested_as: str | None = None
    # The traceparent of the span in which it is asked for, if there is one.
    trace_context: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """When a job may begin, and how urgent it is; what is not said is left to the type of the job."""

    # A job of the same workspace that must have completed first.
    after_job_id: uuid.UUID | None = None
    scheduled_for: dt.datetime | None = None
    priority: int | None = None
    # When nobody waits for it any more.
    deadline: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class NewAnalysis:
    """A list to be analysed."""

    upload_id: uuid.UUID
    analysis_type: ListAnalysisType = AnalysisType.ADVANCED


@dataclass(frozen=True, slots=True)
class NewExport:
    """A file to be written."""

    analysis_id: uuid.UUID
    file_name: str
    file_type: FileType
    selection: Selection = EVERYTHING
    writing: WritingOptions = AS_USUAL


@dataclass(frozen=True, slots=True)
class Opened:
    """What was asked for, and the job that works on it."""

    id: uuid.UUID
    job_id: uuid.UUID


AT_ONCE = Turn()

_SUMMARIES: Final = {
    AnalysisType.BULK: BulkAnalysis,
    AnalysisType.ADVANCED: AdvancedAnalysis,
}
_JOB_TYPES: Final = {
    AnalysisType.SINGLE: JobType.SINGLE_ANALYSIS,
    AnalysisType.BULK: JobType.BULK_ANALYSIS,
    AnalysisType.ADVANCED: JobType.ADVANCED_ANALYSIS,
    AnalysisType.DOMAIN: JobType.DOMAIN_ANALYSIS,
}


def open_analysis(
    connection: Connection,
    requester: Requester,
    new: NewAnalysis,
    turn: Turn = AT_ONCE,
    policy: ScoringPolicy = DEFAULT_POLICY,
) -> Opened:
    """Write an analysis of a list and queue its job. Raises PermanentError when `turn` names an impossible job."""
    analysis_id = _add_analysis(connection, requester, new.analysis_type, new.upload_id, policy)
    connection.execute(insert(_SUMMARIES[new.analysis_type]), {"analysis_id": analysis_id})
    details = {"analysisType": new.analysis_type.value, "uploadId": str(new.upload_id)}
    record(connection, requester, Activity.ANALYSIS_REQUESTED, analysis_id, details)
    return _queue_analysis(connection, requester, new.analysis_type, analysis_id, turn)


def open_single_analysis(
    connection: Connection,
    requester: Requester,
    email_address: str,
    turn: Turn = AT_ONCE,
    policy: ScoringPolicy = DEFAULT_POLICY,
) -> Opened:
    """Write an analysis of one address and queue its job. Raises PermanentError as `open_analysis`."""
    return _open_single(connection, requester, {"email_address": email_address}, turn, policy)


def open_verification(
    connection: Connection,
    requester: Requester,
    email_addresses: Sequence[str],
    policy: ScoringPolicy = DEFAULT_POLICY,
) -> Opened:
    """Write an analysis of several addresses, each by itself, and queue its one job."""
    return _open_single(connection, requester, {"email_addresses": list(email_addresses)}, AT_ONCE, policy)


def _open_single(
    connection: Connection,
    requester: Requester,
    addresses: Mapping[str, str | list[str]],
    turn: Turn,
    policy: ScoringPolicy,
) -> Opened:
    analysis_id = _add_analysis(connection, requester, AnalysisType.SINGLE, None, policy)
    connection.execute(insert(SingleAnalysis), {"analysis_id": analysis_id, **addresses})
    details = {"analysisType": AnalysisType.SINGLE.value}
    record(connection, requester, Activity.ANALYSIS_REQUESTED, analysis_id, details)
    return _queue_analysis(connection, requester, AnalysisType.SINGLE, analysis_id, turn)


def open_domain_analysis(
    connection: Connection,
    requester: Requester,
    domain: str,
    turn: Turn = AT_ONCE,
    policy: ScoringPolicy = DEFAULT_POLICY,
) -> Opened:
    """Write an analysis of one domain and queue its job. Raises PermanentError as `open_analysis`."""
    analysis_id = _add_analysis(connection, requester, AnalysisType.DOMAIN, None, policy)
    connection.execute(insert(DomainAnalysis), {"analysis_id": analysis_id, "domain": domain})
    details = {"analysisType": AnalysisType.DOMAIN.value, "domain": domain}
    record(connection, requester, Activity.ANALYSIS_REQUESTED, analysis_id, details)
    return _queue_analysis(connection, requester, AnalysisType.DOMAIN, analysis_id, turn)


def open_export(connection: Connection, requester: Requester, new: NewExport, turn: Turn = AT_ONCE) -> Opened:
    """Write an export of an analysis and queue its job. Raises PermanentError as `open_analysis`."""
    export_id = uuid7()
    connection.execute(
        insert(Export),
        {
            "export_id": export_id,
            "workspace_id": requester.workspace_id,
            "user_id": requester.user_id,
            "analysis_id": new.analysis_id,
            "file_name": new.file_name,
            "file_type": new.file_type.value,
            "options": new.selection.to_json(),
            "writing": new.writing.to_json(),
        },
    )
    record(connection, requester, Activity.EXPORT_REQUESTED, export_id)
    job = _job(requester, JobType.EXPORT, Subject(export_id=export_id), {"fileType": new.file_type.value}, turn)
    return Opened(export_id, enqueue(connection, job))


def export_name(
    upload_name: str | None,
    analysis_type: AnalysisType,
    suffix: str,
    today: dt.date,
    selection: Selection = EVERYTHING,
) -> str:
    """Name an export after the list it came from, or after the analysis and the day, and what it has of it; pure."""
    some = "" if selection.filter_option is FilterOption.ALL else f"-{selection.filter_option.value}"
    end = f"{some}{'-partial' if selection.partial else ''}{suffix}"
    if upload_name:
        return f"{PurePosixPath(upload_name).stem[:_LONGEST_STEM]}-analysed{end}"
    return f"{analysis_type.value}_analysis_results_{today:%Y%m%d}{end}"


def mark_deleted(connection: Connection, job_id: uuid.UUID) -> bool:
    """Take a root job that has ended, and with it its parts, out of sight; False when it has not ended or is none."""
    return connection.execute(_MARK_DELETED, {"job_id": job_id}).rowcount > 0


def _add_analysis(
    connection: Connection,
    requester: Requester,
    analysis_type: AnalysisType,
    upload_id: uuid.UUID | None,
    policy: ScoringPolicy,
) -> uuid.UUID:
    analysis_id = uuid7()
    connection.execute(
        insert(Analysis),
        {
            "analysis_id": analysis_id,
            "workspace_id": requester.workspace_id,
            "user_id": requester.user_id,
            "upload_id": upload_id,
            "analysis_type": analysis_type.value,
            "scoring": policy.to_json(),
        },
    )
    return analysis_id


def _queue_analysis(
    connection: Connection, requester: Requester, analysis_type: AnalysisType, analysis_id: uuid.UUID, turn: Turn
) -> Opened:
    subject, payload = Subject(analysis_id=analysis_id), {"analysisType": analysis_type.value}
    return Opened(analysis_id, enqueue(connection, _job(requester, _JOB_TYPES[analysis_type], subject, payload, turn)))


def _job(requester: Requester, job_type: JobType, subject: Subject, payload: dict[str, str], turn: Turn) -> NewJob:
    return NewJob(
        job_type=job_type,
        workspace_id=requester.workspace_id,
        user_id=requester.user_id,
        subject=subject,
        trace_id=requester.trace_id,
        trace_context=requester.trace_context,
        payload=payload,
        priority=turn.priority,
        scheduled_for=turn.scheduled_for,
        after_job_id=turn.after_job_id,
        deadline=turn.deadline,
        requested_as=requester.requested_as,
    )
