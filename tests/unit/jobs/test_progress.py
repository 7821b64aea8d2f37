from __future__ import annotations

import datetime as dt

import pytest

from mailsift.shared.jobs.progress import eta_seconds

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("seconds", "processed", "total", "eta"),
    [
        (10, 50, 100, 10),
        (10, 100, 100, 0),
        (10, 120, 100, 0),
        (1, 50, 100, None),
        (10, 0, 100, None),
        (10, 5, None, None),
    ],
)
def test_the_time_left_follows_from_the_measured_rate(
    seconds: int, processed: int, total: int | None, eta: int | None
) -> None:
    assert eta_seconds(START, processed, total, START + dt.timedelta(seconds=seconds)) == eta


def test_a_step_that_has_not_begun_has_no_time_left_to_tell() -> None:
    assert eta_seconds(None, 5, 10, START) is None
