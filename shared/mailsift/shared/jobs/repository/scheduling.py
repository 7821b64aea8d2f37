"""Schedules that came due: what each of them makes, and that it did."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, text

from mailsift.shared.db.scoring import policy_for
from mailsift.shared.jobs.repository.requesting import (
    NewAnalysis,
    NewExport,
    Requester,
    Turn,
    export_name,
    open_analysis,
    open_export,
)
from mailsift.shared.scoring_policy import ScoringPolicy
from mailsift.shared.selection import Selection
from mailsift.shared.trace_context import TraceContext
from mailsift.shared.verdicts import LIST_ANALYSIS_TYPES, FileType, ListAnalysisType, UploadStatus
from mailsift.shared.writing import WritingOptions

_DUE = text("""
    SELECT "scheduleId" FROM schedules
    WHERE enabled AND "nextDueAt" <= coalesce(CAST(:now AS timestamptz), clock_timestamp())
    ORDER BY "nextDueAt" LIMIT :limit""")

# Who does not get it leaves it to the dispatcher that fires it, or to the user who changes it.
_LOCK = text("""
    SELECT s."scheduleId", s."workspaceId", s."userId", s.cron, s.timezone, s."uploadId", s."analysisType",
        s."fileType", s.options, s.writing, s."nextDueAt", u.status, u."rowsExpiredAt", u."fileName",
        coalesce(CAST(:now AS timestamptz), clock_timestamp()) AS now,
        EXISTS (
            SELECT FROM "workspaceMembers" m
            WHERE m."workspaceId" = s."workspaceId" AND m."userId" = s."userId") AS "isMember"
    FROM schedules s JOIN uploads u ON u."uploadId" = s."uploadId" AND u."workspaceId" = s."workspaceId"
    WHERE s."scheduleId" = :schedule_id AND s.enabled
        AND s."nextDueAt" <= coalesce(CAST(:now AS timestamptz), clock_timestamp())
    FOR NO KEY UPDATE OF s SKIP LOCKED""")

_MOVE_ON = text("""
    UPDATE schedules SET "nextDueAt" = :next_due_at, enabled = :enabled WHERE "scheduleId" = :schedule_id""")

_BEGIN = text("""
    INSERT INTO "scheduleRuns" ("scheduleId", "dueAt") VALUES (:schedule_id, :due_at) ON CONFLICT DO NOTHING""")

_END = text("""
    UPDATE "scheduleRuns" SET "jobId" = :job_id, "analysisId" = :analysis_id, "errorCode" = :error_code
    WHERE "scheduleId" = :schedule_id AND "dueAt" = :due_at""")

# None begins while another is at work, so it is enough to look at the last that did.
_AT_WORK = text("""
    SELECT count(*) FROM (
        SELECT "jobId" FROM "scheduleRuns" WHERE "scheduleId" = :schedule_id AND "jobId" IS NOT NULL
        ORDER BY "dueAt" DESC LIMIT 1
    ) AS last JOIN "jobQueue" USING ("jobId") WHERE status IN ('pending', 'processing')""")


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """A schedule that is due, the list that it is about, and what the time is."""

    schedule_id: uuid.UUID
    workspace_id: uuid.UUID
    user_id: uuid.UUID
    cron: str
    timezone: str
    upload_id: uuid.UUID
    analysis_type: ListAnalysisType
    file_type: FileType | None
    selection: Selection
    writing: WritingOptions
    next_due_at: dt.datetime
    upload_status: UploadStatus
    rows_kept: bool
    user_is_member: bool
    upload_name: str
    now: dt.datetime

    @property
    def jobs(self) -> int:
        """How many jobs it makes each time."""
        return 1 if self.file_type is None else 2


def due(connection: Connection, now: dt.datetime | None, limit: int) -> list[uuid.UUID]:
    """Name the schedules that are due at `now`, or by the database's clock; the longest due first."""
    return list(connection.scalars(_DUE, {"now": now, "limit": limit}))


def lock(connection: Connection, schedule_id: uuid.UUID, now: dt.datetime | None) -> DueSchedule | None:
    """Be the only one who fires or changes a schedule; None when somebody else is, or has."""
    row = connection.execute(_LOCK, {"schedule_id": schedule_id, "now": now}).mappings().first()
    if row is None:
        return None
    return DueSchedule(
        schedule_id=row["scheduleId"],
        workspace_id=row["workspaceId"],
        user_id=row["userId"],
        cron=row["cron"],
        timezone=row["timezone"],
        upload_id=row["uploadId"],
        analysis_type=LIST_ANALYSIS_TYPES[row["analysisType"]],
        file_type=None if row["fileType"] is None else FileType(row["fileType"]),
        selection=Selection.from_json(row["options"]),
        writing=WritingOptions.from_json(row["writing"]),
        next_due_at=row["nextDueAt"],
        upload_status=UploadStatus(row["status"]),
        rows_kept=row["rowsExpiredAt"] is None,
        user_is_member=row["isMember"],
        upload_name=row["fileName"],
        now=row["now"],
    )


def move_on(connection: Connection, schedule_id: uuid.UUID, next_due_at: dt.datetime | None) -> None:
    """Say when a schedule is due next; with None it is never again."""
    parameters = {"schedule_id": schedule_id, "next_due_at": next_due_at, "enabled": next_due_at is not None}
    connection.execute(_MOVE_ON, parameters)


def begin(connection: Connection, schedule_id: uuid.UUID, due_at: dt.datetime) -> bool:
    """Note that a schedule came due then; False when that was noted before."""
    return connection.execute(_BEGIN, {"schedule_id": schedule_id, "due_at": due_at}).rowcount > 0


def is_at_work(connection: Connection, schedule_id: uuid.UUID) -> bool:
    """Tell whether what a schedule began the last time has not ended."""
    return bool(connection.scalar(_AT_WORK, {"schedule_id": schedule_id}))


def start(
    connection: Connection,
    schedule: DueSchedule,
    due_at: dt.datetime,
    operator: ScoringPolicy | None,
    trace: TraceContext | None = None,
) -> None:
    """Open the analysis of a schedule, and the export after it, as the user who made the schedule.

    It judges by what operator and workspace say then.
    """
    requester = Requester(
        schedule.workspace_id,
        schedule.user_id,
        trace_id=uuid.uuid4().hex if trace is None else trace.trace_id,
        trace_context=None if trace is None else str(trace),
    )
    policy = policy_for(connection, schedule.workspace_id, operator)
    new = NewAnalysis(schedule.upload_id, schedule.analysis_type)
    analysis = open_analysis(connection, requester, new, policy=policy)
    if schedule.file_type is not None:
        suffix = schedule.writing.suffix(schedule.file_type)
        name = export_name(schedule.upload_name, schedule.analysis_type, suffix, due_at.date(), schedule.selection)
        file = NewExport(analysis.id, name, schedule.file_type, schedule.selection, schedule.writing)
        open_export(connection, requester, file, Turn(after_job_id=analysis.job_id))
    _end(connection, schedule.schedule_id, due_at, job_id=analysis.job_id, analysis_id=analysis.id)


def skip(connection: Connection, schedule_id: uuid.UUID, due_at: dt.datetime, error_code: str) -> None:
    """Note why nothing was begun this time."""
    _end(connection, schedule_id, due_at, error_code=error_code)


def _end(  # noqa: PLR0913 - the columns
    connection: Connection,
    schedule_id: uuid.UUID,
    due_at: dt.datetime,
    *,
    job_id: uuid.UUID | None = None,
    analysis_id: uuid.UUID | None = None,
    error_code: str | None = None,
) -> None:
    connection.execute(
        _END,
        {
            "schedule_id": schedule_id,
            "due_at": due_at,
            "job_id": job_id,
            "analysis_id": analysis_id,
            "error_code": error_code,
        },
    )
