"""When a soak is disturbed, and how long it takes to recover."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Engine, text

from chaos.rig import Rig
from chaos.soak.console import Console
from chaos.soak.report import Storm
from chaos.soak.storms import Storms

# Whoever kills workers is not waited for, nor is what its user put off, or took back and gave again.
_OPEN_BEFORE = """
    SELECT count(*) FROM chaos.asked a JOIN "jobQueue" j USING ("jobId")
    WHERE status IN ('pending', 'processing') AND at < :moment AND kind <> 'poison' AND retries = 0
        AND coalesce("scheduledFor" < :moment, true)"""


class Weather:
    """A disturbance, its recovery, some minutes of calm, and the next."""

    def __init__(self, rig: Rig, eye: Engine, storms: Storms, dice: random.Random, console: Console) -> None:
        self.storms: list[Storm] = []
        self._rig = rig
        self._eye = eye
        self._storms = storms
        self._dice = dice
        self._console = console

    def rage(self, seconds: float, gap: tuple[float, float], over: threading.Event) -> None:
        """Disturb until the time is over, with so many minutes of calm between."""
        while (left := seconds - self._console.seconds()) > 0:
            if over.wait(min(left, 60 * self._dice.uniform(*gap))):
                return
            if self._console.seconds() < seconds:
                self._disturb(self._storms.next())

    def _disturb(self, disturbance: Callable[[], str]) -> None:
        insist = self._console.insist
        began = insist(lambda: self._stamp("INSERT INTO chaos.storms VALUES (:now, 'infinity')"))
        storm = Storm(disturbance.__name__.strip("_").replace("_", " "), round(self._console.seconds(), 1))
        self.storms.append(storm)
        self._console.say(storm.kind)
        start = time.monotonic()
        try:
            storm.whom = disturbance()
        except Exception as error:  # noqa: BLE001 - it is the report that says so
            storm.error = f"{type(error).__name__}: {error}"
        storm.seconds = round(time.monotonic() - start, 1)
        with suppress(AssertionError):  # the database did not come back
            storm.recovery_seconds = self._recovery()
        insist(lambda: self._stamp("UPDATE chaos.storms SET ended = :now WHERE began = :began", began))
        self._console.say(f"{storm.kind} ({storm.whom}{storm.error}): recovered after {storm.recovery_seconds} s")

    def _stamp(self, statement: str, began: object = None) -> object:
        with self._eye.begin() as connection:
            now = connection.scalar(text("SELECT clock_timestamp()"))
            connection.execute(text(statement), {"now": now, "began": began})
            return now

    def _recovery(self) -> float | None:
        """Measure how long it takes until all has ended that had been accepted when the disturbance was over."""
        calm = time.monotonic()
        moment = self._rig.rows("SELECT clock_timestamp()")[0][0]
        while self._rig.number(_OPEN_BEFORE, moment=moment):
            if time.monotonic() - calm > 2 * self._rig.pace.patience:
                return None
            time.sleep(0.25)
        return round(time.monotonic() - calm, 1)
