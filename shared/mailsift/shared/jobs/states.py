"""The states of a job and the moves between them; pure."""

from __future__ import annotations

from enum import StrEnum


class JobStatus(StrEnum):
    """Where a job stands."""

    PENDING = "pending"
    """Waits to be sent, to be claimed, or for its next try (`retryAfter`). Enqueue, retry and hand-back move it in."""
    PROCESSING = "processing"
    """A worker holds its lease, or, without lease, its children work. A claim moves it in."""
    COMPLETED = "completed"
    """Done; its result is written. Its worker moved it, in the transaction of its last rows."""
    FAILED = "failed"
    """The input is at fault, trying again cannot help. Its worker moved it, or the failure of a child did."""
    DEAD_LETTER = "dead_letter"
    """Retries are used up: for an operator to look at. Its worker or the reaper moved it."""
    CANCELLED = "cancelled"
    """Ended at the user's wish."""


ENDED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.DEAD_LETTER, JobStatus.CANCELLED})
RETRYABLE = frozenset({JobStatus.FAILED, JobStatus.DEAD_LETTER, JobStatus.CANCELLED})

_BACK_TO_WORK = {JobStatus.PENDING, JobStatus.PROCESSING}
# From where a job may go where. A retry puts a job that ended badly back to work: into the queue, or, when parts of it
# did not complete, to wait for these.
TRANSITIONS: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PENDING: frozenset({JobStatus.PROCESSING, JobStatus.CANCELLED}),
    JobStatus.PROCESSING: frozenset({JobStatus.PENDING, *ENDED}),
    JobStatus.COMPLETED: frozenset(),
    **{status: frozenset(_BACK_TO_WORK) for status in RETRYABLE},
}


def subject_status(status: JobStatus) -> str:
    """Say the state of an upload, an analysis or an export whose job is in `status`."""
    return JobStatus.FAILED.value if status is JobStatus.DEAD_LETTER else status.value
