from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.shared.errors import PermanentError, TransientError
from mailsift.shared.jobs.retry import Schedule, decide
from mailsift.shared.jobs.states import JobStatus

SCHEDULE = Schedule(base=60, cap=3600, jitter=30)
TRANSIENT = TransientError("storage_away", "try later")


@pytest.mark.parametrize(
    ("failures", "random", "delay"),
    [(0, 0, 60), (1, 0, 120), (2, 0.5, 255), (5, 0, 1920), (6, 0, 3600), (1000, 0, 3600)],
)
def test_the_wait_doubles_up_to_an_hour_with_jitter_on_top(failures: int, random: float, delay: float) -> None:
    assert SCHEDULE.delay(failures, random) == delay


@given(st.integers(min_value=0), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_the_wait_is_always_between_the_base_and_the_cap(failures: int, random: float) -> None:
    assert SCHEDULE.base <= SCHEDULE.delay(failures, random) <= SCHEDULE.cap + SCHEDULE.jitter


@pytest.mark.parametrize(
    ("error", "retry_count", "status", "code"),
    [
        (TRANSIENT, 0, JobStatus.PENDING, "storage_away"),
        (TRANSIENT, 4, JobStatus.PENDING, "storage_away"),
        (TRANSIENT, 5, JobStatus.DEAD_LETTER, "storage_away"),
        (PermanentError("empty_file", "nothing in it"), 0, JobStatus.FAILED, "empty_file"),
        (ZeroDivisionError("secret@example.com"), 0, JobStatus.PENDING, "internal_error"),
    ],
)
def test_the_decision_depends_on_the_error_and_the_count(
    error: Exception, retry_count: int, status: JobStatus, code: str
) -> None:
    ending = decide(error, retry_count, 5, SCHEDULE, 0)
    assert (ending.status, ending.code) == (status, code)
    assert "secret" not in str(ending.message)
