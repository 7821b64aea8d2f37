from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from mailsift.api.limiting import RequestLimiter

ANN, BOB = uuid.UUID(int=1), uuid.UUID(int=2)


def test_a_key_makes_as_many_requests_as_it_may_and_then_waits_for_the_minute_to_end() -> None:
    limiter = RequestLimiter()
    taken = [limiter.take(ANN, 3, now) for now in (100.0, 110.0, 120.5, 130.0, 160.0)]
    assert [each.allowed for each in taken] == [True, True, True, False, True]
    assert [each.remaining for each in taken] == [2, 1, 0, 0, 2]
    assert [each.reset_seconds for each in taken] == [60, 50, 40, 30, 60]
    assert taken[2].policy == '"requests";q=3;w=60'
    assert taken[2].state == '"requests";r=0;t=40'


def test_keys_are_counted_apart() -> None:
    limiter = RequestLimiter()
    assert [limiter.take(key, 1, 0.0).allowed for key in (ANN, BOB, ANN, BOB)] == [True, True, False, False]


def test_keys_that_are_used_no_more_are_forgotten() -> None:
    limiter = RequestLimiter()
    for number in range(1_000):
        limiter.take(uuid.UUID(int=number), 1, 1.0)
    limiter.take(ANN, 1, 200.0)
    assert len(limiter._windows) == 1


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 5))
def test_no_minute_that_begins_with_a_request_has_more_than_the_limit(pauses: list[float], limit: int) -> None:
    limiter, now, begins, allowed = RequestLimiter(), 0.0, -60.0, 0
    for pause in pauses:
        now += pause
        if now >= begins + 60:
            begins, allowed = now, 0
        standing = limiter.take(ANN, limit, now)
        allowed += standing.allowed
        assert allowed <= limit
        assert standing.remaining == limit - allowed
        assert 0 < standing.reset_seconds <= 60
