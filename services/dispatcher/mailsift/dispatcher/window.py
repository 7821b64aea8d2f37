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
    # Claims of the last WINDOW_SECONDS, the older the less.
    claims: float = 0.0
    empty: bool = True
    looked_at: float = 0.0
    claimed_at: float = 0.0


def look(flow: Flow, outstanding: int, now: float) -> Flow:
    """Return the flow after a look that found so many unclaimed hints."""
    claimed = max(0, flow.outstanding - outstanding)
    faded = flow.claims * math.exp((flow.looked_at - now) / WINDOW_SECONDS)
    claimed_at = now if claimed or not outstanding else flow.claimed_at
    return Flow(outstanding, faded + claimed, not outstanding, now, claimed_at)


def sent(flow: Flow, hints: int) -> Flow:
    """Return the flow after so many hints were sent."""
    return replace(flow, outstanding=flow.outstanding + hints)


def limit(flow: Flow, cap: int) -> int:
    """Return how many hints may be unclaimed at once: what was claimed in the last seconds is what the next will take.

    Workers that leave nothing behind might have taken more.
    """
    taken = round(flow.claims * (2 if flow.empty else 1))
    return min(cap, max(LEAST, taken))


def patience(flow: Flow, now: float) -> float:
    """Return in how many seconds to look whether a full window has room: a claim makes it without a word.

    The longer nobody has claimed, the longer are the jobs, and the less is lost by looking late.
    """
    return min(_LATEST_SECONDS, max(_SOONEST_SECONDS, (now - flow.claimed_at) / 10))
