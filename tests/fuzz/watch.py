"""Hands files to a process of its own and sees what becomes of it: an answer, a crash, a hang, or too much memory."""

from __future__ import annotations

import os
import resource
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from fuzz.cases import Case
from processes import peak_megabytes

Target = Callable[[Case], str]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take."""

    seconds: float = 30.0
    """Of the processor, whatever else the machine does; by the clock four times as many."""
    memory_mb: int = 500

    @property
    def patience(self) -> float:
        """How many seconds to wait for an answer."""
        return 4 * self.seconds


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file."""

    ended_well: bool
    what: str
    """How it was answered, or what is wrong."""


class Watch:
    """A process that takes one file after the other, and is started again when a file was too much for it."""

    def __init__(self, target: Target, limits: Limits) -> None:
        self._target = target
        self._limits = limits
        self._context = get_context("spawn")
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def judge(self, case: Case) -> Verdict:
        """Hand a file over and wait for what becomes of it."""
        self._ours.send(case)
        if not self._ours.poll(self._limits.patience):
            self._restart()
            return Verdict(ended_well=False, what=f"not done after {self._limits.patience:g} s")
        try:
            verdict: Verdict
            verdict, seconds, peak_mb = self._ours.recv()
        except EOFError:
            self._process.join()
            code = self._process.exitcode
            self._restart()
            return Verdict(ended_well=False, what=f"the process ended with {code}")
        if seconds > self._limits.seconds:
            return Verdict(
                ended_well=False, what=f"{seconds:.0f} s of the processor, after which it was {verdict.what}"
            )
        if peak_mb > self._limits.memory_mb:
            self._restart()
            return Verdict(ended_well=False, what=f"{peak_mb} MB of memory, after it was {verdict.what}")
        return verdict

    def _start(self) -> None:
        self._ours, theirs = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(theirs, self._target, self._limits.memory_mb))
        self._process.start()
        theirs.close()
        # The time to start is not a file's.
        self._ours.recv()

    def _end(self) -> None:
        self._process.kill()
        self._process.join()
        self._ours.close()

    def _restart(self) -> None:
        self._end()
        self._start()


def _serve(theirs: Connection, target: Target, memory_mb: int) -> None:
    # Far beyond what is allowed, so that a file that takes all there is hurts nobody else.
    most = 8 * memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    theirs.send(None)
    while True:
        case = theirs.recv()
        began = time.process_time()
        try:
            verdict = Verdict(ended_well=True, what=target(case))
        except Exception:  # noqa: BLE001 - whatever it is, it is found
            verdict = Verdict(ended_well=False, what=traceback.format_exc())
        theirs.send((verdict, time.process_time() - began, round(peak_megabytes(os.getpid()))))
