from __future__ import annotations

import threading

from mailsift.dispatcher.chores import Chore, ChoreLoop
from processes import wait_for


def test_a_chore_that_fails_ends_no_other_and_comes_again() -> None:
    turns: list[str] = []

    def fail() -> None:
        turns.append("fails")
        raise ValueError("a fault that nobody foresaw")

    loop = ChoreLoop("test", [Chore("fails", 0.01, fail), Chore("works", 0.01, lambda: turns.append("works"))], 60)
    loop.start()
    wait_for(lambda: turns.count("fails") > 1 and turns.count("works") > 1, "both to come again")
    assert loop.live
    loop.stop()
    assert not loop.live


def test_a_chore_that_hangs_is_no_life() -> None:
    let_go = threading.Event()
    loop = ChoreLoop("test", [Chore("hangs", 1, let_go.wait)], 0.05)
    loop.start()
    wait_for(lambda: not loop.live, "the loop to be seen hanging")
    let_go.set()
    wait_for(lambda: loop.live, "the loop to turn again")
    loop.stop()
