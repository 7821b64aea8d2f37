"""Work that keeps coming while the rest of a scenario goes on, whatever becomes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stream:
    """Asks for work at a rate; what could not be asked for in time is asked for late, and never left out."""

    def __init__(self, ask: Callable[[], object], per_second: float, threads: int) -> None:
        self._ask = ask
        self._per_second = per_second
        self._error: Exception | None = None
        self._turns = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def start(self) -> None:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask for no more; raises what went wrong."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._over.wait(max(0.0, self._turn() - time.monotonic())):
                self._ask()
        except Exception as error:  # noqa: BLE001 - the scenario raises it
            self._error = error

    def _turn(self) -> float:
        """Return when it is time for the next."""
        with self._lock:
            self._turns += 1
            return self._began + self._turns / self._per_second


@contextmanager
def coming(ask: Callable[[], object], per_second: float, threads: int = 1) -> Iterator[None]:
    """Ask for work at this rate while the block runs."""
    stream = Stream(ask, per_second, threads)
    stream.start()
    try:
        yield
    finally:
        stream.stop()
