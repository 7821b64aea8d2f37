from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

import pytest

from file_host import NAME, FileHost, Page, Send, answer, redirect, run_file_host, run_nameserver
from mailsift.ingest.fetching.fetcher import Fetcher, FetchLimits
from mailsift.shared.errors import MailsiftError, PermanentError, TransientError
from mailsift.shared.networks import Address, Reach
from mailsift.shared.outbound.dialing import Dialer
from mailsift.shared.outbound.names import Names
from mailsift.shared.urls import parse_url
from servers import LOOPBACK, free_port

LIST = b"email\nann@example.com\n"
QUICK = FetchLimits(idle_seconds=0.5, total_seconds=60)
NameServer = Callable[[Mapping[str, str]], str]
OURS = [f"{LOOPBACK}/32"]


class _Names(Names):
    """Knows every host of the tests; what real nameservers say is tested further down."""

    def addresses(self, host: str) -> list[Address]:
        return [ip_address({NAME: LOOPBACK, "other.example": LOOPBACK, "inside.example": "127.0.0.2"}[host])]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[FileHost]:
    with run_file_host(tmp_path) as running:
        running.pages["/list.csv"] = answer("200 OK", LIST)
        yield running


def fetch(host: FileHost, url: str, limits: FetchLimits = QUICK, names: Names | None = None) -> bytes:
    fetcher = Fetcher(Dialer(Reach(OURS), names or _Names(), 5, host.ca_file), limits)
    with fetcher.open(parse_url(url)) as fetched:
        return b"".join(fetched.chunks)


def refused(host: FileHost, path: str, limits: FetchLimits = QUICK) -> MailsiftError:
    with pytest.raises(MailsiftError) as caught:
        fetch(host, host.url(path), limits)
    return caught.value


def test_a_file_is_fetched_by_its_name_from_the_address_that_was_checked(host: FileHost) -> None:
    assert fetch(host, host.url("/list.csv?signature=x%2Fy")) == LIST
    assert host.names == [NAME]
    assert host.requests[0].startswith(f"GET /list.csv?signature=x%2Fy HTTP/1.1\r\nHost: {NAME}:{host.port}\r\n")


def test_proxies_and_passwords_of_the_environment_are_nothing_to_it(
    host: FileHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{LOOPBACK}:{free_port()}")
    (tmp_path / "netrc").write_text(f"machine {NAME} login ann password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert fetch(host, host.url("/list.csv")) == LIST
    assert "authorization" not in host.requests[0].lower()


def test_redirects_are_followed_and_carry_nothing_along(host: FileHost) -> None:
    hops = ["/list.csv", "/a", "/b", "/c", "/d", "/e"]
    for target, page in pairwise(hops):
        host.pages[page] = redirect(target)
    assert fetch(host, host.url("/e")) == LIST
    assert not any("cookie" in request.lower() or "referer" in request.lower() for request in host.requests)
    host.pages["/f"] = redirect("/e")
    assert (refused(host, "/f").code, len(host.requests)) == ("url_refused", 6 + 6)


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.2/list.csv",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/list.csv",
        "https://[::ffff:127.0.0.1]/list.csv",
        "https://inside.example/list.csv",
        "http://files.example/list.csv",
        "file:///etc/passwd",
        "https://ann:secret@files.example/list.csv",
        "",
    ],
)
def test_a_redirect_to_where_nothing_may_be_fetched_is_refused(host: FileHost, location: str) -> None:
    host.pages["/away"] = redirect(location)
    error = refused(host, "/away")
    if location:
        assert (type(error), error.code) == (PermanentError, "url_not_allowed")
    else:
        assert error.code == "url_refused"  # to itself, again and again


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("404 Not Found", PermanentError),
        ("403 Forbidden", PermanentError),
        ("204 No Content", PermanentError),
        ("304 Not Modified", PermanentError),
        ("408 Request Timeout", TransientError),
        ("429 Too Many Requests", TransientError),
        ("500 Internal Server Error", TransientError),
        ("503 Service Unavailable", TransientError),
    ],
)
def test_a_refusal_is_final_or_for_now_and_names_the_status(
    host: FileHost, status: str, kind: type[MailsiftError]
) -> None:
    host.pages["/x"] = answer(status)
    error = refused(host, "/x")
    assert (type(error), error.code) == (kind, "url_refused")
    assert status[:3] in error.message


def test_what_is_packed_on_the_way_stays_packed(host: FileHost) -> None:
    host.pages["/x"] = answer("200 OK", b"\x1f\x8b not gzip", Content_Encoding="gzip")
    assert fetch(host, host.url("/x")) == b"\x1f\x8b not gzip"
    assert "Accept-Encoding: identity" in host.requests[0]


@pytest.mark.parametrize(
    "page",
    [
        answer("200 OK", LIST, Content_Length="1000"),
        answer("200 OK", b"5\r\nemail\r\n", Transfer_Encoding="chunked"),
        answer("200 OK", b"zzz\r\n", Transfer_Encoding="chunked"),
        lambda send: send(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"),
        lambda send: send(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1000 + b"\r\n"),
        lambda send: send(b"SSH-2.0-OpenSSH_9.2\r\n"),
        lambda send: send(b""),
    ],
)
def test_an_answer_that_breaks_off_or_is_none_is_tried_again(host: FileHost, page: Page) -> None:
    host.pages["/x"] = page
    error = refused(host, "/x")
    assert (type(error), error.code) == (TransientError, "url_unreachable")


def _drip(first: bytes) -> Page:
    def page(send: Send) -> None:
        send(first)
        while True:
            send(b"x")
            time.sleep(0.05)

    return page


def _silence(first: bytes) -> Page:
    def page(send: Send) -> None:
        send(first)
        time.sleep(5)

    return page


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nx"])
def test_silence_is_waited_for_only_so_long(host: FileHost, first: bytes) -> None:
    host.pages["/x"] = _silence(first)
    error = refused(host, "/x")
    assert (type(error), error.code) == (TransientError, "url_timeout")


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=",
    ],
)
def test_a_byte_now_and_then_does_not_keep_it_waiting_for_ever(host: FileHost, first: bytes) -> None:
    host.pages["/x"] = _drip(first)
    began = time.monotonic()
    error = refused(host, "/x", FetchLimits(idle_seconds=5, total_seconds=1.5))
    assert (type(error), error.code) == (TransientError, "url_timeout")
    assert time.monotonic() - began < 5


def test_a_port_where_nobody_listens_is_unreachable_for_now(host: FileHost) -> None:
    host.port = free_port()
    error = refused(host, "/list.csv")
    assert (type(error), error.code) == (TransientError, "url_unreachable")


def test_a_certificate_for_another_name_is_refused(host: FileHost) -> None:
    with pytest.raises(PermanentError, match="certificate") as caught:
        fetch(host, host.url("/list.csv", "other.example"))
    assert (caught.value.code, host.requests) == ("url_unreachable", [])


def test_a_certificate_of_an_authority_that_nobody_knows_is_refused(host: FileHost, tmp_path: Path) -> None:
    with run_file_host(tmp_path) as stranger:
        stranger.pages["/list.csv"] = answer("200 OK", LIST)
        stranger.ca_file = host.ca_file
        assert refused(stranger, "/list.csv").code == "url_unreachable"
        assert stranger.requests == []


def test_an_address_shows_a_certificate_for_itself(tmp_path: Path) -> None:
    with run_file_host(tmp_path, LOOPBACK) as host:
        host.pages["/list.csv"] = answer("200 OK", LIST)
        assert fetch(host, host.url("/list.csv", LOOPBACK)) == LIST
        assert refused(host, "/list.csv").code == "url_unreachable"


def test_neither_logs_nor_messages_hold_the_query(host: FileHost, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    host.pages["/x"] = lambda send: send(b"HTTP/1.1 404 Not Found\r\nbroken header\r\nContent-Length: 0\r\n\r\n")
    error = refused(host, "/x?token=secret")
    assert "secret" in host.requests[0]
    assert "secret" not in caplog.text + error.message


ZONE = f"""$ORIGIN example.
@ 3600 SOA ns. root. 1 3600 600 86400 300
@ NS ns.
files A {LOOPBACK}
loop A 127.0.0.2
mixed A {LOOPBACK}
mixed A 10.0.0.1
six AAAA ::ffff:7f00:1
empty TXT nothing
alias CNAME loop
"""


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("loop.example", "url_not_allowed"),
        ("alias.example", "url_not_allowed"),
        ("mixed.example", "url_not_allowed"),
        ("six.example", "url_not_allowed"),
        ("empty.example", "url_unreachable"),
        ("nowhere.example", "url_unreachable"),
    ],
)
def test_every_address_that_a_nameserver_tells_is_looked_at(
    host: FileHost, name_server: NameServer, name: str, code: str
) -> None:
    names = Names([name_server({"example": ZONE})])
    assert fetch(host, host.url("/list.csv"), names=names) == LIST
    with pytest.raises(PermanentError) as caught:
        fetch(host, host.url("/list.csv", name), names=names)
    assert (caught.value.code, len(host.requests)) == (code, 1)


def test_a_nameserver_that_changes_its_mind_changes_nothing(host: FileHost) -> None:
    with run_nameserver({NAME: [[LOOPBACK], ["127.0.0.2"], ["127.0.0.2"]]}) as nameserver:
        names = Names([nameserver.address])
        assert fetch(host, host.url("/list.csv"), names=names) == LIST
        assert nameserver.asked == [f"{NAME} A", f"{NAME} AAAA"]
        # By now it names another address: a redirect to the same name is looked at anew.
        host.pages["/x"] = redirect("/list.csv")
        with pytest.raises(PermanentError) as caught:
            fetch(host, host.url("/x"), names=names)
        assert caught.value.code == "url_not_allowed"


def test_nameservers_that_do_not_answer_are_asked_again_later(host: FileHost) -> None:
    with pytest.raises(TransientError) as caught:
        fetch(host, host.url("/list.csv"), names=Names([f"{LOOPBACK}:{free_port()}"], seconds=0.3))
    assert caught.value.code == "url_unreachable"
