"""What happens to an attempt that failed; pure."""

from __future__ import annotations

from dataclasses import dataclass

from mailsift.shared.errors import MailsiftError, PermanentError
from mailsift.shared.jobs.states import JobStatus

_MESSAGE_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Schedule:
    """Exponential back-off, in seconds."""

    base: float
    cap: float
    jitter: float

    def delay(self, failures: int, random: float) -> float:
        """Return the wait before the next try after `failures` earlier ones; `random` is in [0, 1)."""
        # The exponent is bounded, so that a large count cannot overflow.
        return min(self.base * 2.0 ** min(failures, 32), self.cap) + self.jitter * random

    def delay_after_silence(self, failures: int, random: float) -> float:
        """Return the wait of a job whose worker fell silent: none the first time, for the lease's time was wait enough.

        From then on as after a fault, so that a job which kills its workers does not meet the same neighbours each time
        and take them along.
        """
        return self.delay(failures - 1, random) if failures else 0.0


@dataclass(frozen=True, slots=True)
class Ending:
    """Where an attempt that did not complete takes its job, why, and what to tell the user; `delay` in seconds."""

    status: JobStatus
    cause: str
    code: str | None = None
    message: str | None = None
    delay: float = 0

    @property
    def failed(self) -> bool:
        """Whether it counts as a failure; a hand-back, a wait and a cancellation do not."""
        return self.code is not None


CANCELLED = Ending(JobStatus.CANCELLED, "cancelled by the user")
HANDED_BACK = Ending(JobStatus.PENDING, "handed back at shutdown")


def decide(error: Exception, retry_count: int, max_retries: int, schedule: Schedule, random: float) -> Ending:
    """Judge an attempt that raised `error` when `retry_count` had failed before it."""
    code, message = describe(error)
    if isinstance(error, PermanentError):
        return Ending(JobStatus.FAILED, code, code, message)
    if retry_count >= max_retries:
        return Ending(JobStatus.DEAD_LETTER, code, code, message)
    return Ending(JobStatus.PENDING, code, code, message, schedule.delay(retry_count, random))


def describe(error: Exception) -> tuple[str, str]:
    """Name an error for the user. What we did not foresee is not shown: it may quote data or secrets."""
    if isinstance(error, MailsiftError):
        # PostgreSQL's text has no place for NUL, and a message may quote a file.
        return error.code, error.message.replace("\0", "")[:_MESSAGE_LIMIT]
    return "internal_error", f"unexpected {type(error).__name__}; the operator's log has the details"
