"""Work that keeps coming while the rest of a scenario goes on, whatever becomes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chaos.proxy import Proxy
from chaos.rig import Rig

# Not only just claimed: a claim that a crash takes back is none.
_RUNNING = """
    SELECT count(*) FROM "jobQueue"
    WHERE "leaseToken" IS NOT NULL AND "attemptStartedAt" < clock_timestamp() - interval '0.25 s'"""


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


@contextmanager
def work(rig: Rig, *, database: Proxy | None = None, broker: Proxy | None = None) -> Iterator[tuple[str, ...]]:
    """Let jobs come all the time: real ones in a full run, else long and short ones of the scenarios' own worker.

    Returns the workers, which reach the servers through what is given.
    """
    workers = ("ingest", "analyzer", "exporter") if rig.full else ("chaos",)
    rig.start(*workers, database=database, broker=broker)
    if rig.full:
        with coming(lambda: rig.load.users(1, rows=5_000), per_second=0.5):
            yield workers
    else:
        with (
            coming(lambda: rig.load.rows(2, seconds=0.02), per_second=5),
            coming(lambda: rig.load.rows(20, seconds=0.05), per_second=0.4),
        ):
            yield workers


def await_flow(rig: Rig) -> None:
    """Wait until jobs end, and one is in the middle of its work."""
    before = _ended(rig)
    rig.wait(lambda: _ended(rig) > before + 5, "jobs to end")
    rig.wait(lambda: rig.number(_RUNNING), "a job to be at work")


def _ended(rig: Rig) -> int:
    return rig.number("""SELECT count(*) FROM "jobQueue" WHERE status = 'completed'""")
