from __future__ import annotations

import heapq
import math
import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.dispatcher.window import LEAST, WINDOW_SECONDS, Flow, limit, look, patience, sent

CAP = 200
CYCLE = 0.05
# From sending a hint to its claim, when a worker is idle.
LATENCY = 0.015
REPUBLISH = 120.0
REAP = 5.0

Duration = Callable[[random.Random], float]


@dataclass(slots=True)
class Run:
    """A queue that always has more due jobs, one dispatcher with a window, and workers."""

    workers: int
    duration: Duration
    least: int = 0
    sent_at: list[float] = field(default_factory=list)
    claimed_at: list[float] = field(default_factory=list)

    def go(self, seconds: float) -> Run:
        chance = random.Random(1)
        idle_from = [0.0] * self.workers
        flow = Flow()
        for now in (cycle * CYCLE for cycle in range(int(seconds / CYCLE))):
            self._claim(idle_from, now, chance)
            given_up = self._given_up(now)
            outstanding = len(self.sent_at) - max(len(self.claimed_at), given_up)
            oldest = now - self.sent_at[-outstanding] if outstanding else 0
            flow = look(flow, outstanding, oldest, now, REPUBLISH)
            hints = max(0, max(self.least, limit(flow, CAP)) - outstanding)
            self.sent_at += [now] * hints
            flow = sent(flow, hints)
        return self

    def _claim(self, idle_from: list[float], now: float, chance: random.Random) -> None:
        while len(self.claimed_at) < len(self.sent_at):
            claim = max(self.sent_at[len(self.claimed_at)] + LATENCY, idle_from[0])
            if claim > now:
                return
            heapq.heapreplace(idle_from, claim + self.duration(chance))
            self.claimed_at.append(claim)

    def _given_up(self, now: float) -> int:
        """How many hints are so old that a chore, which runs every few seconds, lets their jobs be sent again."""
        return bisect_right(self.sent_at, now // REAP * REAP - REPUBLISH)

    def waits(self, after: float) -> list[float]:
        """How long each hint waited that was sent after a moment: an urgent one would have waited as long."""
        pairs = zip(self.sent_at, self.claimed_at, strict=False)
        return sorted(claimed - sent for sent, claimed in pairs if sent > after)


def every(seconds: float) -> Duration:
    return lambda _chance: seconds


def about(seconds: float) -> Duration:
    return lambda chance: chance.expovariate(1 / seconds)


few = st.integers(0, 300)


@given(st.lists(st.tuples(st.floats(0, 30), few, few), max_size=40), st.integers(1, 1000))
def test_a_window_is_never_above_its_cap_and_never_below_the_least(
    steps: list[tuple[float, int, int]], cap: int
) -> None:
    flow, now = Flow(), 1000.0
    for passed, outstanding, hints in steps:
        now += passed
        flow = look(flow, outstanding, 0, now, REPUBLISH)
        assert min(LEAST, cap) <= limit(flow, cap) <= cap
        flow = sent(flow, hints)


@given(st.lists(st.tuples(st.floats(0, 30), few, few, few), max_size=40))
def test_no_more_claims_are_seen_than_there_are_whatever_other_dispatchers_send(
    steps: list[tuple[float, int, int, int]],
) -> None:
    flow, now, outstanding, truth = Flow(), 1000.0, 0, 0.0
    for passed, claims, theirs, ours in steps:
        now += passed
        claimed = min(claims, outstanding)
        outstanding += theirs - claimed
        truth = truth * math.exp(-passed / WINDOW_SECONDS) + claimed
        flow = look(flow, outstanding, 0, now, REPUBLISH)
        assert flow.claims <= truth + 1e-6
        flow = sent(flow, ours)
        outstanding += ours


@pytest.mark.parametrize("workers", [1, 4, 50])
@pytest.mark.parametrize("seconds", [0.01, 0.1, 0.5, 1, 2.6, 10])
@pytest.mark.parametrize("kind", [every, about])
def test_workers_lose_nothing_by_the_window(workers: int, seconds: float, kind: Callable[[float], Duration]) -> None:
    length = max(30, 6 * seconds)
    adaptive = Run(workers, kind(seconds)).go(length)
    wide = Run(workers, kind(seconds), least=CAP).go(length)
    assert len(adaptive.claimed_at) >= 0.95 * len(wide.claimed_at)


@pytest.mark.parametrize("workers", [4, 8, 50])
@pytest.mark.parametrize("seconds", [0.1, 0.3, 1, 3])
def test_an_urgent_hint_waits_for_a_few_seconds_of_other_work(workers: int, seconds: float) -> None:
    waits = Run(workers, about(seconds)).go(120).waits(after=30)
    least = LEAST * seconds / workers
    assert sum(waits) / len(waits) <= 3 + least
    assert waits[int(0.95 * len(waits))] <= 4.5 + 2 * least


def test_long_jobs_leave_little_in_the_broker() -> None:
    run = Run(4, every(60)).go(600)
    assert len(run.sent_at) - len(run.claimed_at) <= LEAST


def test_hints_that_are_sent_again_because_jobs_are_long_do_not_pass_for_claims() -> None:
    quick = iter(range(1000))
    run = Run(50, lambda _chance: 0.05 if next(quick, None) is not None else 3600).go(1200)
    again = [moment for moment in run.sent_at if moment > 60]
    assert len(again) <= LEAST * 1200 / REPUBLISH


@pytest.mark.parametrize("lost", [1, LEAST, CAP])
def test_a_queue_goes_on_once_its_lost_hints_are_given_up(lost: int) -> None:
    flow = sent(look(Flow(), 0, 0, 1000, REPUBLISH), lost)
    for second in range(1001, 1120):
        flow = look(flow, lost, second - 1000, second, REPUBLISH)
    assert limit(look(flow, 0, 0, 1121, REPUBLISH), CAP) == LEAST


def test_fifty_idle_workers_are_busy_within_half_a_second() -> None:
    run = Run(50, every(10)).go(5)
    assert run.claimed_at[49] < 0.5


def test_a_full_window_is_looked_at_often_while_it_is_worked_off_and_seldom_while_it_stands() -> None:
    flow = look(sent(look(Flow(), 0, 0, 100, REPUBLISH), 4), 2, 0.05, 100.05, REPUBLISH)
    assert patience(flow, 100.1) == pytest.approx(0.05)
    flow = look(flow, 2, 3.05, 103.05, REPUBLISH)
    assert patience(flow, 103.05) == pytest.approx(0.3)
    assert patience(look(flow, 2, 60, 160, REPUBLISH), 160) == pytest.approx(1)
    assert patience(look(flow, 1, 60, 160, REPUBLISH), 160) == pytest.approx(0.05)
