"""What becomes of a message after a try, and of the webhook that it was for; pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from mailsift.shared.errors import MailsiftError
from mailsift.shared.events import TOLD_ONCE, DeliveryStatus
from mailsift.shared.jobs.retry import Schedule

GONE = "gone"
FAILING = "failing"

_SUCCESS = range(200, 300)
_GONE = 410


@dataclass(frozen=True, slots=True)
class Answered:
    """What the other side said: a status, and the beginning of its body."""

    status: int
    excerpt: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand, but for a try."""

    event: str
    failures: int
    queued_at: dt.datetime
    failing_since: dt.datetime | None
    """Since when every try of the webhook has failed, of whatever message."""
    enabled: bool = True
    """Whether the webhook is to be told anything more."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a message is tried, and a webhook put up with."""

    schedule: Schedule = field(default_factory=lambda: Schedule(base=15, cap=12 * 3600, jitter=15))
    give_up_after: dt.timedelta = dt.timedelta(days=3)
    disable_after: dt.timedelta = dt.timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a message, and of its webhook."""

    status: DeliveryStatus
    delay_seconds: float = 0
    code: str | None = None
    message: str | None = None
    disables: str | None = None
    """Why its webhook is told nothing any more."""


def judge(
    outcome: Answered | MailsiftError, standing: Standing, patience: Patience, now: dt.datetime, random: float
) -> Verdict:
    """Judge a try at `now`; `random` is in [0, 1)."""
    if isinstance(outcome, Answered):
        if outcome.status in _SUCCESS:
            return Verdict(DeliveryStatus.DELIVERED)
        code, message = "url_refused", f"it answered {outcome.status}"
        if outcome.status == _GONE:
            return Verdict(DeliveryStatus.FAILED, code=code, message=message, disables=GONE)
    else:
        code, message = outcome.code, outcome.message
    failing = now - (standing.failing_since or now) >= patience.disable_after
    delay = patience.schedule.delay(standing.failures, random)
    late = now + dt.timedelta(seconds=delay) - standing.queued_at > patience.give_up_after
    if failing or late or not standing.enabled or standing.event in TOLD_ONCE:
        return Verdict(DeliveryStatus.FAILED, 0, code, message, FAILING if failing else None)
    return Verdict(DeliveryStatus.PENDING, delay, code, message)
