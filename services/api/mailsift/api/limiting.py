"""How many requests a key may make in a minute, counted in this process."""

from __future__ import annotations

import math
import threading
import uuid
from dataclasses import dataclass

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a key stands after a request."""

    limit: int
    remaining: int
    reset_seconds: int
    """Until the key may make as many again."""
    allowed: bool

    @property
    def policy(self) -> str:
        """The field RateLimit-Policy, as draft-ietf-httpapi-ratelimit-headers-10 has it."""
        return f'"requests";q={self.limit};w={WINDOW_SECONDS}'

    @property
    def state(self) -> str:
        """The field RateLimit."""
        return f'"requests";r={self.remaining};t={self.reset_seconds}'


@dataclass(slots=True)
class _Window:
    ends: float
    taken: int = 0


class RequestLimiter:
    """Counts the requests of each key within a minute that begins with the first of them."""

    def __init__(self) -> None:
        self._windows: dict[uuid.UUID, _Window] = {}
        self._swept = 0.0
        self._lock = threading.Lock()

    def take(self, key_id: uuid.UUID, limit: int, now: float) -> Standing:
        """Count a request at `now`, in seconds of a clock that only goes forward; a refused one counts for nothing."""
        with self._lock:
            self._sweep(now)
            window = self._windows.get(key_id)
            if window is None or window.ends <= now:
                window = self._windows[key_id] = _Window(now + WINDOW_SECONDS)
            allowed = window.taken < limit
            window.taken += allowed
            resets = min(WINDOW_SECONDS, math.ceil(window.ends - now))
            return Standing(limit, max(0, limit - window.taken), resets, allowed)

    def _sweep(self, now: float) -> None:
        # No more keys are remembered than were used within two minutes.
        if now - self._swept >= WINDOW_SECONDS:
            self._windows = {key_id: window for key_id, window in self._windows.items() if window.ends > now}
            self._swept = now
