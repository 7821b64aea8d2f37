"""Takes jobs that ended long ago out of sight: of a workspace by its admins, of all by an operator."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from mailsift.api.actions.tenancy import seeing
from mailsift.api.deps import Deps
from mailsift.api.principal import Caller, Operator
from mailsift.api.schemas.job_requests import CleanedUp, CleanUp
from mailsift.shared.db.activities import Activity, record, record_operated
from mailsift.shared.jobs.repository.retaining import mark_ended

_BATCH: Final = 1000
_MOST_BATCHES: Final = 50  # that one request waits for


def clean_up(deps: Deps, who: Caller, wanted: CleanUp) -> CleanedUp:
    """Mark jobs as deleted, batch by batch; retention takes their rows away."""
    total = 0
    for _ in range(_MOST_BATCHES):
        with seeing(deps, who) as connection:
            marked = mark_ended(connection, wanted.older_than_hours, _BATCH)
            if marked:
                _record(connection, who, marked)
        total += marked
        if marked < _BATCH:
            return CleanedUp(deleted=total, complete=True)
    return CleanedUp(deleted=total, complete=False)


def _record(connection: Connection, who: Caller, jobs: int) -> None:
    if isinstance(who, Operator):
        record_operated(connection, who.key_id, Activity.JOBS_CLEANED_UP, details={"jobs": jobs})
    else:
        record(connection, who, Activity.JOBS_CLEANED_UP, who.workspace_id, {"jobs": jobs})
