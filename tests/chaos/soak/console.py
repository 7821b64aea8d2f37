"""Tells whoever waits how far a soak is, and what it found in the way."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

Result = TypeVar("Result")


class Console:
    """The clock of a run, and its voice."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._away = False
        self.failures = 0
        """Looks that failed for another reason than that the database was away."""

    def start(self) -> None:
        """Count the time from now on."""
        self._began = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self._began

    def say(self, words: str) -> None:
        minutes, seconds = divmod(int(self.seconds()), 60)
        sys.stderr.write(f"[{minutes:4}:{seconds:02}] {words}\n")
        sys.stderr.flush()

    def attempt(self, look: Callable[[], None]) -> None:
        """Look, unless the database is away just now."""
        try:
            look()
            self._away = False
        except (SQLAlchemyError, AssertionError) as error:
            self._complain(error)
        except Exception:  # noqa: BLE001 - the report says so, and the load goes on
            self.failures += 1
            self.say(traceback.format_exc())

    def insist(self, look: Callable[[], Result]) -> Result:
        """Look until the database answers."""
        while True:
            try:
                return look()
            except SQLAlchemyError as error:
                self._complain(error)
                time.sleep(1)

    def _complain(self, error: Exception) -> None:
        if not self._away:
            self.say(f"the database does not answer: {type(error).__name__}")
        self._away = True
