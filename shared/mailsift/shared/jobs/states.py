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

# What is not here never happens. A job leaves its end by a retry only.
TRANSITIONS: frozenset[tuple[JobStatus, JobStatus]] = frozenset(
    {
        (JobStatus.PENDING, JobStatus.PROCESSING),
        (JobStatus.PENDING, JobStatus.CANCELLED),
        (JobStatus.PROCESSING, JobStatus.PENDING),
        *((JobStatus.PROCESSING, ended) for ended in ENDED),
        *((ended, JobStatus.PENDING) for ended in RETRYABLE),
        # A root whose parts go to work again.
        (JobStatus.FAILED, JobStatus.PROCESSING),
        (JobStatus.CANCELLED, JobStatus.PROCESSING),
    }
)


def subject_status(status: JobStatus) -> str:
    """Say the state of an upload, an analysis or an export whose job is in `status`."""
    return JobStatus.FAILED.value if status is JobStatus.DEAD_LETTER else status.value
