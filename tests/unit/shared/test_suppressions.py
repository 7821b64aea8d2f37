from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.shared.suppressions import Suppressed, SuppressionKind, address_key, covering, parse_suppression

ADDRESS, DOMAIN = SuppressionKind.ADDRESS, SuppressionKind.DOMAIN


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("ann@example.com", ADDRESS, "ann@example.com"),
        (" Ann@EXAMPLE.com ", ADDRESS, "ann@example.com"),
        ("jörg@bücher.example", ADDRESS, "jörg@xn--bcher-kva.example"),
        ("Not An@Address", ADDRESS, "not an@address"),
        ("a@b@example.com", ADDRESS, "a@b@example.com"),
        ("@b@example.com", ADDRESS, "@b@example.com"),
        ("example.com", DOMAIN, "example.com"),
        ("@Example.COM", DOMAIN, "example.com"),
        ("bücher.example", DOMAIN, "xn--bcher-kva.example"),
        ("corp.internal", DOMAIN, "corp.internal"),
        ("co.uk", DOMAIN, "co.uk"),
    ],
)
def test_what_has_an_at_sign_is_an_address_and_the_rest_a_domain(text: str, kind: SuppressionKind, value: str) -> None:
    assert parse_suppression(text) == Suppressed(kind, value)


@pytest.mark.parametrize(
    "text", ["", " ", "@", "email", "com", "*.example.com", "https://example.com", "a b.com", "x" * 321]
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_suppression(text)


def test_an_address_is_covered_by_itself_its_domain_and_all_above() -> None:
    assert covering("ann@mail.example.com") == [
        Suppressed(ADDRESS, "ann@mail.example.com"),
        Suppressed(DOMAIN, "mail.example.com"),
        Suppressed(DOMAIN, "example.com"),
        Suppressed(DOMAIN, "com"),
    ]


@given(st.emails())
def test_an_address_is_suppressed_however_it_is_written(address: str) -> None:
    assert parse_suppression(address.upper()) in covering(address_key(address))
    assert parse_suppression(address.rpartition("@")[2]) in covering(address_key(address))


@given(st.text(max_size=40))
def test_whatever_is_read_once_reads_the_same_again(text: str) -> None:
    try:
        read = parse_suppression(text)
    except ValueError:
        return
    assert parse_suppression(read.value) == read
