from __future__ import annotations

import datetime as dt

import pytest

from mailsift.shared.jobs.progress import eta_seconds

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("seconds", "started", "processed", "total", "eta"),
    [
        (10, 0, 50, 100, 10),
        (10, 0, 100, 100, 0),
        (10, 0, 120, 100, 0),
        (1, 0, 50, 100, None),
        (10, 0, 0, 100, None),
        (10, 0, 5, None, None),
        (10, 0, 5, 0, None),
        # What was done before is no part of the rate, and nothing done since is no rate.
        (10, 800, 900, 1000, 10),
        (10, 800, 800, 1000, None),
        (10, 800, 700, 1000, None),
        (10, 800, 1000, 1000, 0),
    ],
)
def test_the_time_left_follows_from_the_rate_since_the_step_was_taken_up(
    seconds: int, started: int, processed: int, total: int | None, eta: int | None
) -> None:
    assert eta_seconds(START, started, processed, total, START + dt.timedelta(seconds=seconds)) == eta


def test_a_step_that_has_not_begun_has_no_time_left_to_tell() -> None:
    assert eta_seconds(None, 0, 5, 10, START) is None
