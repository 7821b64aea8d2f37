"""When a producer sends: as fast as it can while the rest keeps up, or at random moments of a given rate."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tally import DONE, SENT, total

_LOOK_EVERY = 8


@dataclass(frozen=True, slots=True)
class Pace:
    """How one thread of a producer sends."""

    folder: Path
    ahead: int
    """With no rate, no more than so many messages are sent and not done."""
    per_second: float | None
    """With a rate, the moments are random: requests of an API come independently of each other."""

    def turns(self, stop: threading.Event) -> Iterator[None]:
        """Yield whenever it is time to send one, until `stop` is set."""
        return self._flat_out(stop) if self.per_second is None else self._paced(self.per_second, stop)

    def _flat_out(self, stop: threading.Event) -> Iterator[None]:
        while not stop.is_set():
            if total(self.folder, SENT) - total(self.folder, DONE) > self.ahead:
                stop.wait(0.01)
                continue
            for _ in range(_LOOK_EVERY):
                yield

    @staticmethod
    def _paced(per_second: float, stop: threading.Event) -> Iterator[None]:
        chance = random.Random()
        due = time.monotonic()
        while True:
            due += chance.expovariate(per_second)
            if stop.wait(max(0.0, due - time.monotonic())):
                return
            yield


def in_threads(threads: int, send: Callable[[int, Iterator[None]], None], pace: Pace, stop: threading.Event) -> None:
    """Run `send(number, turns)` in so many threads until `stop` is set."""
    started = [
        threading.Thread(target=send, args=(number, pace.turns(stop)), name=f"producer-{number}", daemon=True)
        for number in range(threads)
    ]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
