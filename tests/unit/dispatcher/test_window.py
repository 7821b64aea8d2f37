from __future__ import annotations

from mailsift.dispatcher.window import free_slots


def test_a_queue_gets_what_its_window_has_left() -> None:
    assert free_slots(["a", "b", "c"], {"a": 3, "b": 10}, 10) == {"a": 7, "c": 10}


def test_a_window_that_was_made_smaller_sends_nothing() -> None:
    assert free_slots(["a"], {"a": 50}, 10) == {}
