from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.shared.domains import MAX_TEXT_LENGTH, domain_of_url, parse_domain


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("example.com", "example.com"),
        (" Example.COM. ", "example.com"),
        ("mail.example.co.uk", "mail.example.co.uk"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("www.example.com", "www.example.com"),
    ],
)
def test_a_domain_is_written_as_dns_has_it(text: str, domain: str) -> None:
    assert parse_domain(text) == domain


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://example.com", "example.com"),
        ("HTTPS://WWW.Example.COM/shop?a=b#c", "example.com"),
        ("http://example.com:8080/", "example.com"),
        ("https://user:secret@example.com/", "example.com"),
        ("https://example.org@example.com/", "example.com"),
        ("https://example.com?x=http://example.org/", "example.com"),
        ("https://example.com#@example.org", "example.com"),
        ("//example.com/x", "example.com"),
        ("www.example.com/shop", "example.com"),
        ("example.com:443", "example.com"),
        ("https://www.com/", "www.com"),
        ("https://bücher.example/ä", "xn--bcher-kva.example"),
        ("https://example.com./", "example.com"),
    ],
)
def test_a_url_is_read_for_its_domain_alone(text: str, domain: str) -> None:
    assert domain_of_url(text) == domain


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "com",
            "localhost",
            "a..b",
            ".example.com",
            "-a.example.com",
            "a_b",
            "exa mple.com",
            "example.com\\x",
        ),
        *("127.0.0.1", "[::1]", "::1", "2130706433", "0x7f.1", "１２７.０.０.１", "1.2.3.4."),
        *("printer.local", "db.internal", "a.onion", "x.test", "1.168.192.in-addr.arpa"),
        *("%65xample.com", "example.com%2f", "a\u0000.com", "a\u202eb.com", "x" * 64 + ".com", "a." * 200 + "com"),
        "a" * (MAX_TEXT_LENGTH + 1),
    ],
)
def test_what_is_no_domain_is_refused_in_both_ways(text: str) -> None:
    for read in (parse_domain, domain_of_url):
        with pytest.raises(ValueError, match=r"domain|DNS|private|characters"):
            read(text)
    with pytest.raises(ValueError, match=r"domain|DNS|private|characters"):
        domain_of_url(f"https://{text}/")


@pytest.mark.parametrize(
    "text", ["ftp://example.com/", "javascript:alert(1)", "mailto:a@example.com", "file:///etc/passwd", "https:///x"]
)
def test_only_web_addresses_are_read_as_urls(text: str) -> None:
    with pytest.raises(ValueError, match=r"domain|DNS"):
        domain_of_url(text)


@pytest.mark.parametrize("read", [parse_domain, domain_of_url])
def test_an_address_is_sent_where_addresses_go(read: object) -> None:
    with pytest.raises(ValueError, match="/api/verify"):
        read("ann@example.com")  # type: ignore[operator] # one of two functions


@given(st.text(max_size=300) | st.text("ahtps:/@.?#[]%-_www0178\\ ", max_size=80))
def test_any_text_is_a_domain_or_refused(text: str) -> None:
    for read in (parse_domain, domain_of_url):
        try:
            domain = read(text)
        except ValueError:
            continue
        assert parse_domain(domain) == domain
        assert domain.isascii()
        assert "." in domain
