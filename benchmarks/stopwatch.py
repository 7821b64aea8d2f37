"""What a worker process notes of its messages, the same for both sides of a comparison."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq.middleware import Middleware

from benchmarks.tally import DONE, Tally

_OVERHEADS = "overheads"


class Stopwatch(Middleware):
    """Counts the messages that are done, and how long each took beside what its handler did."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tally: Tally | None = None
        self._here = threading.local()
        self._overheads: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Do the handler's own work, which is to wait."""
        began = time.perf_counter()
        time.sleep(seconds)
        self._here.own = time.perf_counter() - began

    def after_worker_boot(self, _broker: dramatiq.Broker, _worker: dramatiq.Worker) -> None:
        """Show that this process consumes."""
        self._tally = Tally(self._folder, DONE)

    def before_process_message(self, _broker: dramatiq.Broker, _message: dramatiq.MessageProxy) -> None:
        """Begin to time."""
        self._here.own = 0.0
        self._here.began = time.perf_counter()

    def after_process_message(
        self,
        _broker: dramatiq.Broker,
        _message: dramatiq.MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        """Count, unless the actor raised."""
        if exception is None and result is None and self._tally is not None:
            self._overheads.append(time.perf_counter() - self._here.began - self._here.own)
            self._tally.add()

    def after_worker_shutdown(self, _broker: dramatiq.Broker, _worker: dramatiq.Worker) -> None:
        """Leave the times where `overheads` finds them."""
        (self._folder / f"{_OVERHEADS}-{os.getpid()}").write_text(json.dumps(self._overheads))


def overheads(folder: Path) -> list[float]:
    """Return the times that workers left when they were stopped, in seconds."""
    return [seconds for path in folder.glob(f"{_OVERHEADS}-*") for seconds in json.loads(path.read_text())]
