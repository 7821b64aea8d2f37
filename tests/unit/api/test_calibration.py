"""Bounce rates by band, and how sure they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.api.calibration import Interval, Judged, Tally, by_band, by_lead_status, wilson
from mailsift.shared.verdicts import LeadStatus


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (50, 100, 0.4038, 0.5962),
        (15, 148, 0.0624, 0.1605),
        (0, 1, 0.0, 0.7935),
    ],
)
def test_the_interval_is_the_one_of_the_tables(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == Interval(low, high)


def test_of_nothing_nothing_is_known() -> None:
    assert wilson(0, 0) is None
    assert (Tally().bounce_rate, Tally().interval) == (None, None)


COUNTS = st.integers(1, 1_000_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(COUNTS)
def test_the_interval_holds_the_rate_and_is_a_mirror_of_the_other_side(counts: tuple[int, int]) -> None:
    hits, of = counts
    found, mirrored = wilson(hits, of), wilson(of - hits, of)
    assert found is not None
    assert mirrored is not None
    assert 0 <= found.low <= round(hits / of, 4) <= found.high <= 1
    assert mirrored.low == pytest.approx(1 - found.high, abs=2e-4)


@given(COUNTS)
def test_more_of_the_same_makes_it_no_less_sure(counts: tuple[int, int]) -> None:
    hits, of = counts
    found, more = wilson(hits, of), wilson(hits * 10, of * 10)
    assert found is not None
    assert more is not None
    assert more.high - more.low <= found.high - found.low + 2e-4


def test_bands_and_words_add_up_and_none_is_left_out() -> None:
    judged = [
        Judged(9, LeadStatus.HIGH_QUALITY, Tally(98, 2)),
        Judged(9, LeadStatus.MEDIUM_QUALITY, Tally(10, 0)),
        Judged(0, LeadStatus.INVALID, Tally(1, 9)),
        Judged(5, None, Tally(1, 0)),
    ]
    bands = by_band(judged)
    assert (len(bands), bands[9], bands[0], bands[5]) == (10, Tally(108, 2), Tally(1, 9), Tally(1, 0))
    assert bands[9].bounce_rate == 0.0182
    words = by_lead_status(judged)
    assert list(words) == list(LeadStatus)
    assert words[LeadStatus.INVALID] == Tally(1, 9)
