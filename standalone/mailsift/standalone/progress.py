"""Shows how far the work is, on standard error: bars on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

_STEP_PERCENT = 10
FULL = 100


class Shown(AbstractContextManager["Shown"], Protocol):
    """Where progress is shown."""

    def show(self, phase: str, percent: int, step: str | None = None, eta_seconds: int | None = None) -> None:
        """A phase has come so far."""

    def note(self, text: str) -> None:
        """Something the user should know."""


def progress() -> Shown:
    """Choose by what standard error is."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    return Bars(console) if console.is_terminal and not console.is_dumb_terminal else Lines()


class Lines:
    """A line for every tenth of a phase, and for its end."""

    def __init__(self) -> None:
        self._said: tuple[str, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def show(self, phase: str, percent: int, step: str | None = None, eta_seconds: int | None = None) -> None:
        """Write a line when there is something new to say."""
        news = (phase, percent // _STEP_PERCENT)
        if news != self._said:
            self._said = news
            self.note(_line(phase, percent, step, eta_seconds))

    def note(self, text: str) -> None:
        """Write it down."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


class Bars:
    """A bar for each phase; those that are done stay."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<10}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[detail]}"),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, phase: str, percent: int, step: str | None = None, eta_seconds: int | None = None) -> None:
        """Move the phase's bar; the phases before it are done."""
        if phase not in self._tasks:
            for done in self._tasks.values():
                self._progress.update(done, completed=FULL, detail="")
            self._tasks[phase] = self._progress.add_task(phase, total=FULL, detail="")
        detail = "" if percent == FULL else _detail(step, eta_seconds)
        self._progress.update(self._tasks[phase], completed=percent, detail=detail)

    def note(self, text: str) -> None:
        """Write it above the bars."""
        self._progress.console.print(text)


def _line(phase: str, percent: int, step: str | None, eta_seconds: int | None) -> str:
    if percent == FULL:
        return f"{phase}: done"
    detail = _detail(step, eta_seconds)
    return f"{phase} {percent} %" + (f" ({detail})" if detail else "")


def _detail(step: str | None, eta_seconds: int | None) -> str:
    left = None if eta_seconds is None else f"about {_duration(eta_seconds)} left"
    return ", ".join(part for part in (step, left) if part)


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min" if minutes else f"{rest} s"
