"""Queues the reading of a stored list, and what is to follow it."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from mailsift.api.actions.analysing import analysis_answer
from mailsift.api.actions.exporting import export_answer
from mailsift.api.actions.once import Asked
from mailsift.api.actions.queueing import requester, status_url, stream_url
from mailsift.api.schemas.exports import chosen
from mailsift.api.schemas.uploads import UploadAccepted, Wishes
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import NewJob, Subject
from mailsift.shared.jobs.repository.queueing import enqueue
from mailsift.shared.jobs.repository.requesting import (
    NewAnalysis,
    NewExport,
    Turn,
    export_name,
    open_analysis,
    open_export,
)
from mailsift.shared.scoring_policy import ScoringPolicy


@dataclass(frozen=True, slots=True)
class ToRead:
    """A stored list, and when its turn comes."""

    upload_id: uuid.UUID
    file_name: str
    turn: Turn
    today: dt.date
    # By which the analysis judges that may follow.
    policy: ScoringPolicy
    # Only its beginning, to show what would be understood.
    preview: bool = False


def queue_reading(connection: Connection, asked: Asked, wanted: ToRead, wishes: Wishes) -> UploadAccepted:
    """Queue the job that reads a list, and those that were wished for besides."""
    job_id = enqueue(connection, _job(_unless_more(asked, wishes.analysis_type), wanted))
    answer = UploadAccepted(
        upload_id=wanted.upload_id, job_id=job_id, status_url=status_url(job_id), stream_url=stream_url(job_id)
    )
    return _chain(connection, asked, wanted, wishes, answer)


def _job(asked: Asked, wanted: ToRead) -> NewJob:
    return NewJob(
        job_type=JobType.FILE_PROCESSING,
        workspace_id=asked.principal.workspace_id,
        user_id=asked.principal.user_id,
        subject=Subject(upload_id=wanted.upload_id),
        trace_id=asked.trace_id,
        trace_context=asked.trace_context,
        payload={"fileName": wanted.file_name, **({"preview": True} if wanted.preview else {})},
        priority=wanted.turn.priority,
        scheduled_for=wanted.turn.scheduled_for,
        deadline=wanted.turn.deadline,
        requested_as=asked.requested_as,
    )


def _unless_more(asked: Asked, follows: object) -> Asked:
    """Ask by the word of the request for the last job only: it is what was asked for."""
    return asked if follows is None else replace(asked, requested_as=None)


def _chain(
    connection: Connection, asked: Asked, wanted: ToRead, wishes: Wishes, answer: UploadAccepted
) -> UploadAccepted:
    """Queue what is to follow once the list is read, and once it is analysed."""
    if wishes.analysis_type is None:
        return answer
    who, usual = requester(_unless_more(asked, wishes.export_type)), replace(wanted.turn, scheduled_for=None)
    after_reading = replace(usual, after_job_id=answer.job_id)
    new = NewAnalysis(answer.upload_id, wishes.analysis_type)
    analysis = open_analysis(connection, who, new, after_reading, wanted.policy)
    answer = answer.model_copy(update={"analysis": analysis_answer(analysis)})
    if wishes.export_type is None:
        return answer
    selection, writing = chosen(wishes.export_options)
    name = export_name(
        wanted.file_name, wishes.analysis_type, writing.suffix(wishes.export_type), wanted.today, selection
    )
    after_analysis = replace(usual, after_job_id=analysis.job_id)
    new_export = NewExport(analysis.id, name, wishes.export_type, selection, writing)
    export = open_export(connection, requester(asked), new_export, after_analysis)
    return answer.model_copy(update={"export": export_answer(export, name)})
