"""The worker's end of a process that reads a workbook: started, asked, listened to, and ended whatever happens."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

from mailsift.ingest.workbooks.assignment import Assignment
from mailsift.ingest.workbooks.faults import Fault, Unreadable
from mailsift.ingest.workbooks.frames import Frame, Kind, MalformedFrameError, Unpacker
from mailsift.shared.errors import TransientError

Watch = Callable[[], None]
"""Called every now and then while somebody waits; raises when the waiting is to end."""

_MODULE: Final = "mailsift.ingest.workbooks.child"
_POLL_MILLISECONDS: Final = 500
_READ_SIZE: Final = 256 * 1024
_GRACE_SECONDS: Final = 60
# What an interpreter may need to start; nothing else of a worker's environment is for a stranger's file.
_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME")

# Signals that a process brings on itself.
_FAULTS: Final = {
    signal.SIGXCPU: Fault.TOO_LONG,
    signal.SIGABRT: Fault.NO_MEMORY,  # as calamine ends when memory runs out
    signal.SIGSEGV: Fault.DAMAGED,
    signal.SIGBUS: Fault.DAMAGED,
    signal.SIGILL: Fault.DAMAGED,
    signal.SIGFPE: Fault.DAMAGED,
}


class ReadingProcess:
    """One such process."""

    def __init__(self, assignment: Assignment, silent_seconds: float, watch: Watch) -> None:
        self._silent_seconds = silent_seconds
        self._watch = watch
        self._unpacker = Unpacker()
        questions, self._questions = os.pipe()
        self._answers, answers = os.pipe()
        try:
            self._process = _start(assignment, questions, answers)
        except BaseException:
            os.close(self._questions)
            os.close(self._answers)
            raise
        finally:
            os.close(questions)
            os.close(answers)

    def ask(self, sheet: str, most: int | None) -> None:
        """Ask for the rows of a sheet, all or the first ones."""
        try:
            os.write(self._questions, json.dumps([sheet, most]).encode() + b"\n")
        except BrokenPipeError as error:
            raise self._death() from error

    def frames(self) -> Iterator[Frame]:
        """What it says; ends only by raising Unreadable, or TransientError when it was killed from outside."""
        while True:
            try:
                for frame in self._unpacker.feed(self._read()):
                    if frame.kind is Kind.FAULT:
                        raise Unreadable(Fault(frame.content[0]))
                    yield frame
            except (MalformedFrameError, IndexError, ValueError) as error:
                raise Unreadable(Fault.DAMAGED) from error

    def close(self) -> None:
        """End it, if it has not ended."""
        os.close(self._questions)
        os.close(self._answers)
        self._process.kill()
        self._process.wait()

    def _read(self) -> bytes:
        silent_until = time.monotonic() + self._silent_seconds
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        while not poll.poll(_POLL_MILLISECONDS):
            self._watch()
            if time.monotonic() > silent_until:
                raise Unreadable(Fault.TOO_LONG)
        self._watch()
        data = os.read(self._answers, _READ_SIZE)
        if not data:
            raise self._death()
        return data

    def _death(self) -> Exception:
        """Why it ended without a word."""
        code = self._process.wait(_GRACE_SECONDS)
        fault = _FAULTS.get(signal.Signals(-code)) if code < 0 else None
        if fault:
            return Unreadable(fault)
        if code < 0:
            return TransientError(
                "workbook_reader_killed",
                f"The process that read the workbook was ended by {signal.Signals(-code).name},"
                " as a machine does that has run out of memory.",
            )
        return RuntimeError(f"the process that reads workbooks ended with {code}")


def _start(assignment: Assignment, questions: int, answers: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-P", "-m", _MODULE, assignment.to_argument()],
        stdin=questions,
        stdout=answers,
        stderr=subprocess.DEVNULL,
        pass_fds=[assignment.descriptor],
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        # The interrupt key is for the worker, which ends this one in its own way.
        start_new_session=True,
    )
