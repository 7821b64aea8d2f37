from __future__ import annotations

import io

import pytest
from rich.console import Console

from mailsift.standalone.progress import Bars, Lines


def test_without_a_terminal_every_tenth_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Lines() as lines:
        for percent in range(31):
            lines.show("loading", percent, "reading", 90)
        lines.show("loading", 100)
        lines.show("analysing", 0)
        lines.note("by the way")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "loading 0 % (reading, about 1 min left)",
        "loading 10 % (reading, about 1 min left)",
        "loading 20 % (reading, about 1 min left)",
        "loading 30 % (reading, about 1 min left)",
        "loading: done",
        "analysing 0 %",
        "by the way",
    ]


def test_on_a_terminal_a_phase_is_done_when_the_next_begins() -> None:
    screen = io.StringIO()
    with Bars(Console(file=screen, force_terminal=True, width=80, color_system=None)) as bars:
        bars.show("loading", 40, "reading", 12)
        bars.note("by the way")
        bars.show("analysing", 5, "planning")
    last = [line for line in screen.getvalue().splitlines() if "loading" in line][-1]
    assert "100%" in last
    assert "by the way" in screen.getvalue()
    assert "planning" in screen.getvalue()
