"""Stop asking nameservers that do not answer; one object for all threads of a process."""

import math
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final

UNANSWERED_TO_OPEN: Final = 50
SECONDS_OF_SILENCE_TO_OPEN: Final = 5.0
"""Longer than a question waits: of lists looked up side by side, one full of dead domains must not stop the others."""

SECONDS_TO_HALF_OPEN: Final = 10.0


class BreakerState(StrEnum):
    """Closed: everything is asked. Open: nothing is. Half-open: one question is out to see who answers."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Counts unanswered questions in a row, so that silence costs seconds at any list size."""

    def __init__(
        self,
        unanswered_to_open: int = UNANSWERED_TO_OPEN,
        seconds_to_half_open: float = SECONDS_TO_HALF_OPEN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unanswered_to_open = unanswered_to_open
        self._seconds_to_half_open = seconds_to_half_open
        self._clock = clock
        self._lock = threading.Lock()
        self._unanswered = 0
        self._answered_at = -math.inf
        self._next_try = 0.0
        self._state = BreakerState.CLOSED

    @property
    def state(self) -> BreakerState:
        """Where it stands now."""
        return self._state

    @property
    def resting(self) -> bool:
        """Whether asking has stopped and the next trial is not due."""
        return self._state is not BreakerState.CLOSED and self._clock() < self._next_try

    @property
    def was_heard(self) -> bool:
        """Whether anybody has ever answered."""
        return self._answered_at > -math.inf

    def may_ask(self) -> bool:
        """Whether the next question may be asked; whoever hears True must report how it went."""
        if self._state is BreakerState.CLOSED:
            return True
        with self._lock:
            return self._may_try()

    def _may_try(self) -> bool:
        if self._state is BreakerState.CLOSED:
            return True
        now = self._clock()
        if now < self._next_try:
            return False
        # Half-open may outlive a trial whose asker was cancelled: then the next one tries.
        self._state = BreakerState.HALF_OPEN
        self._next_try = now + self._seconds_to_half_open
        return True

    def answered(self) -> None:
        """Any answer, a refusal too, shows that somebody is there."""
        self._answered_at = self._clock()
        if self._unanswered == 0 and self._state is BreakerState.CLOSED:
            return
        with self._lock:
            self._unanswered = 0
            self._state = BreakerState.CLOSED

    def unanswered(self) -> None:
        """A question that timed out or found nobody listening."""
        with self._lock:
            self._unanswered += 1
            if self._state is BreakerState.HALF_OPEN or self._is_silence():
                if self._state is not BreakerState.OPEN:
                    self._next_try = self._clock() + self._seconds_to_half_open
                self._state = BreakerState.OPEN

    def _is_silence(self) -> bool:
        lasting = self._clock() - self._answered_at >= SECONDS_OF_SILENCE_TO_OPEN
        return lasting and self._unanswered >= self._unanswered_to_open
