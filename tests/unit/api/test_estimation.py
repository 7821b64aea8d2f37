"""How long the analysis of a domain will take."""

from __future__ import annotations

import datetime as dt

import pytest

from mailsift.api.estimation import CACHED_SECONDS, USUAL_SECONDS, Measured, estimated_seconds

NOW = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)
PAST, AHEAD = NOW - dt.timedelta(seconds=1), NOW + dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("lately", "seconds"),
    [
        ([], USUAL_SECONDS),
        ([Measured("a.example", 30_000, AHEAD)], CACHED_SECONDS),
        ([Measured("a.example", 2_001, PAST)], 3),
        ([Measured("a.example", 900, PAST), Measured("a.example", 30_000, PAST)], 1),
        ([Measured("b.example", 1_500, AHEAD), Measured("a.example", 30_000, PAST)], 30),
        ([Measured(f"{number}.example", number * 1_000, AHEAD) for number in (9, 2, 30)], 9),
    ],
    ids=["nothing", "known", "the last time", "the very last time", "not by others", "the middle one of others"],
)
def test_it_takes_what_it_took_and_nothing_where_that_is_known(lately: list[Measured], seconds: int) -> None:
    assert estimated_seconds("a.example", lately, NOW) == seconds
