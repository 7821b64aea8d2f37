"""Progress and the time that is left; pure."""

from __future__ import annotations

import datetime as dt

_SOONEST = 2.0  # seconds of measuring before a rate means something


def eta_seconds(
    step_started_at: dt.datetime | None, started_items: int, processed: int, total: int | None, now: dt.datetime
) -> int | None:
    """Estimate the seconds until the current step ends; None while nothing can be said.

    The rate is that since the step was taken up: what an earlier attempt had done by then took it no time.
    """
    done = processed - started_items
    if step_started_at is None or not total or done <= 0:
        return None
    elapsed = (now - step_started_at).total_seconds()
    if elapsed < _SOONEST:
        return None
    return round(max(total - processed, 0) * elapsed / done)
