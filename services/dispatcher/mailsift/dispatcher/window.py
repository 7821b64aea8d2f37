"""How many hints of a queue may be under way; pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

# So much work may be in the broker, where no more urgent job can overtake it.
WINDOW_SECONDS = 2.5
# And as many hints at least: the threads of a worker that finds the queue empty.
LEAST = 4

_SOONEST_SECONDS = 0.05
_LATEST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Flow:
    """How a queue is worked off, as far as one dispatcher can tell from its looks at the number of unclaimed hints.

    What other dispatchers send hides as many claims: several of them share the window, and never make it larger.
    """

    outstanding: int = 0
    oldest_seconds: float = 0.0
    # Claims of the last WINDOW_SECONDS, the older the less.
    claims: float = 0.0
    looked_at: float = 0.0
    claimed_at: float = 0.0


def look(flow: Flow, outstanding: int, oldest_seconds: float, now: float, republish_seconds: float) -> Flow:
    """Return the flow after a look that found so many unclaimed hints, the oldest of them so old."""
    passed = now - flow.looked_at
    # A hint that old may have been given up for lost since the last look. Its job may run for hours: that was no claim.
    given_up = flow.oldest_seconds + passed >= republish_seconds
    claimed = 0 if given_up else max(0, flow.outstanding - outstanding)
    claims = claimed + flow.claims * math.exp(-passed / WINDOW_SECONDS)
    claimed_at = now if claimed or not outstanding else flow.claimed_at
    return Flow(outstanding, oldest_seconds, claims, now, claimed_at)


def sent(flow: Flow, hints: int) -> Flow:
    """Return the flow after so many hints were sent."""
    return replace(flow, outstanding=flow.outstanding + hints)


def limit(flow: Flow, cap: int) -> int:
    """Return how many hints may be unclaimed at once: what the next seconds take, if they are like the last."""
    return min(cap, max(LEAST, round(flow.claims)))


def patience(flow: Flow, now: float) -> float:
    """Return in how many seconds to look whether a full window has room: a claim makes it without a word.

    The longer nobody has claimed, the longer are the jobs, and the less is lost by looking late.
    """
    return min(_LATEST_SECONDS, max(_SOONEST_SECONDS, (now - flow.claimed_at) / 10))
