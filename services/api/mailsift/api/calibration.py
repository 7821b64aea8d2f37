"""Whether scores tell the truth: how many addresses of each band bounced, and how sure that is; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mailsift.shared.verdicts import LeadStatus

BAND: Final = 10
BANDS: Final = 10
"""0-9, 10-19 and so on; the last one has the hundred too."""

_Z: Final = 1.959963984540054
"""The quantile of the normal distribution that leaves 2.5 % on either side."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a rate lies, with 95 % certainty."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of some addresses."""

    delivered: int = 0
    bounced: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.delivered + other.delivered, self.bounced + other.bounced)

    @property
    def bounce_rate(self) -> float | None:
        """How many of them bounced, from 0 to 1; None of none."""
        total = self.delivered + self.bounced
        return round(self.bounced / total, 4) if total else None

    @property
    def interval(self) -> Interval | None:
        """Between which rates the true one lies; None of none."""
        return wilson(self.bounced, self.delivered + self.bounced)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the addresses of one band that have one lead status."""

    band: int
    lead_status: LeadStatus | None
    """None of an analysis that tells nothing of leads."""
    tally: Tally


def wilson(hits: int, of: int) -> Interval | None:
    """The score interval of E. B. Wilson (1927), J. Am. Stat. Assoc. 22, 209-212.

    Few addresses make it wide instead of wrong, and none that bounced is not proof that none will: Brown, Cai and
    DasGupta (2001), Statistical Science 16, 101-133, recommend it for that.
    """
    if not of:
        return None
    rate, square = hits / of, _Z * _Z
    middle = (rate + square / (2 * of)) / (1 + square / of)
    half = _Z / (1 + square / of) * math.sqrt(rate * (1 - rate) / of + square / (4 * of * of))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == of else min(1.0, middle + half)
    return Interval(round(low, 4), round(high, 4))


def by_band(judged: Iterable[Judged]) -> list[Tally]:
    """Add up band by band, the lowest first; those without an address too."""
    tallies = [Tally()] * BANDS
    for each in judged:
        tallies[each.band] += each.tally
    return tallies


def by_lead_status(judged: Iterable[Judged]) -> dict[LeadStatus, Tally]:
    """Add up word by word."""
    tallies = dict.fromkeys(LeadStatus, Tally())
    for each in judged:
        if each.lead_status is not None:
            tallies[each.lead_status] += each.tally
    return tallies
