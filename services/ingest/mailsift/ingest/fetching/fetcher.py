"""Asks a host for a file over HTTPS: one connection a request, and a look at where each redirect leads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from urllib3.response import HTTPResponse

from mailsift.shared.errors import PermanentError, TransientError
from mailsift.shared.outbound.deadline import Deadline
from mailsift.shared.outbound.dialing import FAILURES, Dialer, failed
from mailsift.shared.urls import HttpsUrl, follow

MAX_REDIRECTS: Final = 5
_CHUNK: Final = 64 * 1024
_REDIRECTS: Final = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)
_FOR_NOW: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How long may be waited: for the next byte, and for the whole. In seconds."""

    idle_seconds: float = 30
    total_seconds: float = 3600


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file on its way: how long it says it is, and its bytes, to be read once."""

    size: int | None
    chunks: Iterator[bytes]


class Fetcher:
    """Opens URLs that strangers wrote."""

    def __init__(self, dialer: Dialer | None = None, limits: FetchLimits | None = None) -> None:
        self._dialer = dialer or Dialer()
        self._limits = limits or FetchLimits()

    @contextmanager
    def open(self, url: HttpsUrl) -> Iterator[Fetched]:
        """Ask for a file, and go where the answer leads. Raises PermanentError and TransientError, also at the bytes.

        Their codes are `url_not_allowed`, `url_unreachable`, `url_refused` and `url_timeout`.
        """
        deadline = Deadline(self._limits.total_seconds)
        for _ in range(MAX_REDIRECTS + 1):
            with self._answer(url, deadline) as response:
                if response.status not in _REDIRECTS:
                    _require_a_file(url, response)
                    yield Fetched(response.length_remaining, _chunks(url, response, deadline))
                    return
                url = _next(url, response)
        raise PermanentError("url_refused", f"{url.host} redirects more than {MAX_REDIRECTS} times")

    @contextmanager
    def _answer(self, url: HttpsUrl, deadline: Deadline) -> Iterator[HTTPResponse]:
        with closing(self._dialer.connect(url, deadline)) as connection, deadline.cutting(connection.sock):
            connection.timeout = deadline.bounded(self._limits.idle_seconds)
            try:
                connection.request("GET", url.target, headers=_headers(url), preload_content=False)
                response = connection.getresponse()
            except FAILURES as error:
                raise failed(url, error, deadline) from error
            with closing(response):
                yield response


def _headers(url: HttpsUrl) -> dict[str, str]:
    return {
        "Host": url.authority,
        "User-Agent": "mailsift",
        "Accept": "*/*",
        # The file as it lies there: what is packed is unpacked later, within limits.
        "Accept-Encoding": "identity",
        "Connection": "close",
    }


def _next(url: HttpsUrl, response: HTTPResponse) -> HttpsUrl:
    try:
        # Headers are Latin-1 by the letter and UTF-8 by custom.
        location = response.headers.get("Location", "").encode("latin-1").decode()
        return follow(url, location)
    except (UnicodeError, ValueError) as error:
        raise PermanentError("url_not_allowed", f"{url.host} redirects to what is no https URL") from error


def _require_a_file(url: HttpsUrl, response: HTTPResponse) -> None:
    if response.status == HTTPStatus.OK:
        return
    kind = TransientError if response.status in _FOR_NOW else PermanentError
    raise kind("url_refused", f"{url.host} answered {response.status} instead of the file")


def _chunks(url: HttpsUrl, response: HTTPResponse, deadline: Deadline) -> Iterator[bytes]:
    while True:
        try:
            chunk = response.read1(_CHUNK, decode_content=False)
        except FAILURES as error:
            raise failed(url, error, deadline) from error
        # A connection that was cut looks like one at its end.
        deadline.check()
        if not chunk:
            return
        yield chunk
