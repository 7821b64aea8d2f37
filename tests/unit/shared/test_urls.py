from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.shared.urls import HttpsUrl, follow, parse_url


def test_a_url_is_taken_apart_once_and_written_as_it_was() -> None:
    url = parse_url("https://Files.Example:8443/a%20b/people.csv?X-Signature=s%2Fecret#part")
    assert url == HttpsUrl("files.example", 8443, "/a%20b/people.csv", "X-Signature=s%2Fecret")
    assert (url.authority, url.target) == ("files.example:8443", "/a%20b/people.csv?X-Signature=s%2Fecret")
    assert str(url) == "https://files.example:8443/a%20b/people.csv?X-Signature=s%2Fecret"


def test_what_is_shown_of_a_url_has_no_query() -> None:
    url = parse_url("https://files.example/people.csv?token=secret")
    assert url.shown == "https://files.example/people.csv"
    assert "secret" not in repr(url)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://files.example/lists/people.csv?x=/y.csv", "people.csv"),
        ("https://files.example/lists/Gr%C3%BC%C3%9Fe.csv", "Grüße.csv"),
        ("https://files.example/lists/", "lists"),
        ("https://files.example", "list"),
        ("https://files.example/%2e%2e%2fpasswd", "passwd"),
    ],
)
def test_a_list_is_named_after_the_last_part_of_the_path(text: str, name: str) -> None:
    assert parse_url(text).file_name == name


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://[2001:DB8::1]/x", "2001:db8::1"),
        ("https://192.0.2.1/x", "192.0.2.1"),
        ("https://bücher.example/x", "xn--bcher-kva.example"),
        ("https://files.example./x", "files.example"),
        ("https://1.0x7f/x", "1.0x7f"),  # a name to us, whatever inet_aton makes of it
        ("https://2130706433/x", "2130706433"),
    ],
)
def test_a_host_is_a_name_in_a_labels_or_an_address(text: str, host: str) -> None:
    assert parse_url(text).host == host


@pytest.mark.parametrize(
    "text",
    [
        "http://files.example/x",
        "ftp://files.example/x",
        "file:///etc/passwd",
        "files.example/x",
        "//files.example/x",
        "https:///x",
        "https://",
        "https://ann@files.example/x",
        "https://ann:secret@files.example/x",
        "https://@files.example/x",
        "https://files.example\\@evil.example/x",
        "https://files.example/a b",
        "https://files.example/\r\nHost: evil.example",
        "https://files.example\t/x",
        "https://files.example:0/x",
        "https://files.example:99999/x",
        "https://files.example:http/x",
        "https://[fe80::1%25eth0]/x",
        "https://[::1/x",
        "https://a..b/x",
        "https://-a.example/x",
        "https://" + "a" * 64 + ".example/x",
        "https://files.example/" + "x" * 5000,
        "https://ex%61mple.com/x",
        "https://files.example,evil.example/x",
        "https://۱۲۷.۰.۰.۱..example/x",
    ],
)
def test_what_is_no_plain_https_url_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_url(text)
    assert "secret" not in str(caught.value)


def test_digits_of_another_script_are_an_address_once_they_are_read() -> None:
    assert parse_url("https://１２７.0.0.1/x").host == "127.0.0.1"
    assert parse_url("https://１２７.0.0.1/x").address is not None


@pytest.mark.parametrize(
    ("location", "result"),
    [
        ("/b.csv", "https://files.example/b.csv"),
        ("b.csv?x=1", "https://files.example/lists/b.csv?x=1"),
        ("//other.example/b", "https://other.example/b"),
        ("https://other.example:8443/b", "https://other.example:8443/b"),
        (" /grüße ", "https://files.example/gr%C3%BC%C3%9Fe"),
    ],
)
def test_a_redirect_is_read_from_where_it_was_found(location: str, result: str) -> None:
    assert str(follow(parse_url("https://files.example/lists/a.csv"), location)) == result


@pytest.mark.parametrize("location", ["http://files.example/b", "https://ann@files.example/b", "\x00"])
def test_a_redirect_leads_to_https_without_credentials_or_nowhere(location: str) -> None:
    with pytest.raises(ValueError):
        follow(parse_url("https://files.example/a"), location)


@given(st.text(max_size=60))
def test_whatever_is_read_can_be_sent_as_a_request_line(text: str) -> None:
    try:
        url = parse_url(f"https://files.example/{text}")
    except ValueError:
        return
    assert url.target.isascii()
    assert not any(character <= " " for character in url.target)
    assert parse_url(str(url)) == url
