from __future__ import annotations

import pytest

from mailsift.analyzer.probes.nameservers import SECONDS_OF_REST, SILENT_TO_REST, Nameserver, Standing, parse_nameserver


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", Nameserver("192.0.2.1", 53)),
        ("192.0.2.1:5353", Nameserver("192.0.2.1", 5353)),
        ("2001:db8::1", Nameserver("2001:db8::1", 53)),
        ("[2001:db8::1]", Nameserver("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", Nameserver("2001:db8::1", 5353)),
        ("localhost", Nameserver("localhost", 53)),
    ],
)
def test_a_nameserver_is_taken_apart(text: str, expected: Nameserver) -> None:
    assert parse_nameserver(text) == expected


def test_one_that_is_silent_for_long_rests_until_its_time_is_over_or_it_is_heard() -> None:
    now = [0.0]
    standing = Standing(lambda: now[0])
    rested = []
    for _ in range(SILENT_TO_REST):
        rested.append(standing.rests)
        standing.silent()
    assert rested == [False] * SILENT_TO_REST
    found = [standing.rests]
    now[0] = SECONDS_OF_REST
    found.append(standing.rests)
    standing.silent()
    found.append(standing.rests)
    standing.heard()
    assert [*found, standing.rests] == [True, False, True, False]
