"""The `mailsift` command as a process of its own, with a home of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailsift.standalone.errors import PostgresError
from mailsift.standalone.home import Home
from mailsift.standalone.postmaster import end_postmaster, living_postmaster

COMMAND = str(Path(sys.executable).with_name("mailsift"))
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and how it exited."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.exit_code == 0, self.err
        return json.loads(self.out)


class Mailsift:
    """Runs commands in one home."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.home = Home(folder)
        self._environment = {**os.environ, "MAILSIFT_HOME": str(folder), **(environment or {})}

    def run(self, *arguments: object) -> Said:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=SECONDS)
        return Said(process.returncode, out, err)

    @contextmanager
    def start(self, *arguments: object) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [COMMAND, *map(str, arguments)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def clear_up(self) -> None:
        """End the server that a killed command left behind."""
        for home in (self.home, self.home.demo):
            pointer = home.postgres / "run"
            if pointer.is_symlink():
                orphan = living_postmaster(home.postgres / "data", pointer.readlink())
                if orphan is not None:
                    with contextlib.suppress(PostgresError):
                        end_postmaster(orphan)


def wait_for_line(process: subprocess.Popen[str], beginning: str) -> str:
    """Read what a command says on standard error until a line begins so, in the words of a regular expression."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if re.match(beginning, line):
            return line
    raise AssertionError(f"it ended without saying {beginning!r}: {''.join(said)}")
