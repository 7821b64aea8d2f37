"""How long the analysis of a domain will take, by how long the last ones took; pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

USUAL_SECONDS: Final = 5
"""Where nothing was measured yet. A domain whose nameservers answer takes one or two, a silent one much longer."""

CACHED_SECONDS: Final = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """How long it took to find out about a domain, and until when that is known."""

    domain: str
    duration_ms: int
    known_until: dt.datetime


def estimated_seconds(domain: str, lately: Sequence[Measured], now: dt.datetime) -> int:
    """Estimate by what was measured lately, the newest first: what is known takes no lookups at all.

    Else it takes as long as it took the last time; a domain that is new takes as long as others.
    """
    own = [each for each in lately if each.domain == domain]
    if any(each.known_until > now for each in own):
        return CACHED_SECONDS
    durations = [each.duration_ms for each in own[:1] or lately]
    return max(CACHED_SECONDS, math.ceil(median(durations) / 1000)) if durations else USUAL_SECONDS
