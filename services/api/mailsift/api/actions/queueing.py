"""The job behind a request: for whom it is, when its turn comes, and where to watch it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from mailsift.api.actions.once import Asked
from mailsift.api.problems import Problem, invalid
from mailsift.api.schemas.base import Timed
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.repository.requesting import Requester, Turn

_FARTHEST = dt.timedelta(days=366)


def requester(asked: Asked) -> Requester:
    """Name the one for whom the jobs of a request are."""
    who = asked.principal
    return Requester(who.workspace_id, who.user_id, asked.trace_id, asked.requested_as, asked.trace_context)


def turn(wanted: Timed, now: dt.datetime, after_job_id: uuid.UUID | None = None) -> Turn:
    """Say when the turn of a job comes. Raises Problem for a time too far away."""
    at = wanted.scheduled_for
    if at is not None and at > now + _FARTHEST:
        raise invalid("scheduledFor", f"at most {_FARTHEST.days} days ahead")
    return Turn(after_job_id, at if is_later(wanted, now) else None, wanted.priority)


def is_later(wanted: Timed, now: dt.datetime) -> bool:
    """Tell whether a job is wanted for a time that is still to come."""
    return wanted.scheduled_for is not None and wanted.scheduled_for > now


@contextmanager
def chaining(code: str) -> Iterator[None]:
    """Queue a job that waits for another. Raises Problem(code) when that one has ended badly in the meantime."""
    try:
        yield
    except PermanentError as error:
        raise Problem(code, error.message) from error


def status_url(job_id: uuid.UUID) -> str:
    """Where a job can be asked after."""
    return f"/api/jobs/{job_id}/status"


def stream_url(job_id: uuid.UUID) -> str:
    """Where a job can be followed."""
    return f"/api/jobs/{job_id}/stream"
