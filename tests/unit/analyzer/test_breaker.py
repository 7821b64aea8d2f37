"""The breaker: fifty questions without an answer, then one every ten seconds."""

from __future__ import annotations

from mailsift.analyzer.probes.breaker import BreakerState, CircuitBreaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock=clock)
    for _ in range(50):
        assert breaker.may_ask()
        breaker.unanswered()
    return breaker


def test_it_opens_after_fifty_unanswered_in_a_row() -> None:
    breaker = _opened(Clock())
    assert breaker.state is BreakerState.OPEN
    assert not breaker.may_ask()


def test_one_answer_in_between_keeps_it_closed() -> None:
    breaker = CircuitBreaker(clock=Clock())
    for _ in range(10):
        for _ in range(49):
            breaker.unanswered()
        breaker.answered()
    assert breaker.state is BreakerState.CLOSED


def test_many_dead_domains_at_once_do_not_stop_what_is_answered_beside_them() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock=clock)
    breaker.answered()
    clock.now = 4.9
    for _ in range(200):
        breaker.unanswered()
    assert breaker.may_ask()
    clock.now = 5.0
    breaker.unanswered()
    assert not breaker.may_ask()


def test_after_ten_seconds_it_lets_one_question_through() -> None:
    clock = Clock()
    breaker = _opened(clock)
    clock.now = 9.9
    assert not breaker.may_ask()
    clock.now = 10.0
    assert breaker.may_ask()
    assert breaker.state is BreakerState.HALF_OPEN
    assert not breaker.may_ask()


def test_an_answer_to_the_trial_closes_it() -> None:
    clock = Clock()
    breaker = _opened(clock)
    clock.now = 10.0
    breaker.may_ask()
    breaker.answered()
    assert breaker.state is BreakerState.CLOSED
    breaker.unanswered()
    assert breaker.may_ask()


def test_silence_to_the_trial_opens_it_for_another_ten_seconds() -> None:
    clock = Clock()
    breaker = _opened(clock)
    clock.now = 10.0
    breaker.may_ask()
    clock.now = 14.0
    breaker.unanswered()
    assert breaker.state is BreakerState.OPEN
    clock.now = 23.9
    assert not breaker.may_ask()
    clock.now = 24.0
    assert breaker.may_ask()


def test_a_late_answer_closes_it_whatever_it_waits_for() -> None:
    breaker = _opened(Clock())
    breaker.answered()
    assert breaker.may_ask()


def test_a_trial_that_is_never_reported_leaves_the_next_one_to_another() -> None:
    clock = Clock()
    breaker = _opened(clock)
    clock.now = 10.0
    assert breaker.may_ask()
    clock.now = 20.0
    assert breaker.may_ask()


def test_it_rests_until_the_next_trial_is_due() -> None:
    clock = Clock()
    breaker = _opened(clock)
    rests = [breaker.resting]
    clock.now = 10.0
    rests.append(breaker.resting)
    breaker.may_ask()
    rests.append(breaker.resting)
    breaker.answered()
    rests.append(breaker.resting)
    assert rests == [True, False, True, False]


def test_whoever_answered_once_was_heard() -> None:
    breaker = CircuitBreaker()
    breaker.unanswered()
    before = breaker.was_heard
    breaker.answered()
    breaker.unanswered()
    assert (before, breaker.was_heard) == (False, True)
