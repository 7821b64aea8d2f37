"""Asks a host for a file over HTTPS: one connection a request, to an address that was looked at first."""

from __future__ import annotations

import http.client
import logging
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.response import HTTPResponse

from mailsift.ingest.fetching.deadline import Deadline
from mailsift.ingest.fetching.names import Names
from mailsift.ingest.fetching.networks import Address, Reach
from mailsift.shared.errors import MailsiftError, PermanentError, TransientError
from mailsift.shared.urls import ListUrl, follow

MAX_REDIRECTS: Final = 5
_MOST_ADDRESSES: Final = 4
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
_FAILURES: Final = (OSError, HTTPError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How long may be waited: for a connection, for the next byte, and for the whole. In seconds."""

    connect_seconds: float = 10
    idle_seconds: float = 30
    total_seconds: float = 3600


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file on its way: how long it says it is, and its bytes, to be read once."""

    size: int | None
    chunks: Iterator[bytes]


class Fetcher:
    """Opens URLs that strangers wrote."""

    def __init__(
        self,
        reach: Reach | None = None,
        names: Names | None = None,
        limits: FetchLimits | None = None,
        ca_file: Path | None = None,
    ) -> None:
        """Reach the public internet, with the nameservers of the machine, unless something else is said.

        Besides the authorities that the machine trusts, those in `ca_file` are trusted in the operator's own networks.
        """
        self._reach = reach or Reach()
        self._names = names or Names()
        self._limits = limits or FetchLimits()
        self._public = ssl.create_default_context()
        self._own = ssl.create_default_context()
        if ca_file is not None:
            self._own.load_verify_locations(ca_file)
        # Its lines hold whole URLs, and with them what may be passwords.
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)

    @contextmanager
    def open(self, url: ListUrl) -> Iterator[Fetched]:
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
    def _answer(self, url: ListUrl, deadline: Deadline) -> Iterator[HTTPResponse]:
        with closing(self._connect(url, deadline)) as connection, deadline.cutting(connection.sock):
            connection.timeout = deadline.bounded(self._limits.idle_seconds)
            try:
                connection.request("GET", url.target, headers=_headers(url), preload_content=False)
                response = connection.getresponse()
            except _FAILURES as error:
                raise _failure(url, error, deadline) from error
            with closing(response):
                yield response

    def _connect(self, url: ListUrl, deadline: Deadline) -> HTTPSConnection:
        """Connect to the first address of a host that answers: to the number, so that nothing is looked up again."""
        failure: MailsiftError | None = None
        for address in self._addresses(url)[:_MOST_ADDRESSES]:
            connection = HTTPSConnection(
                str(address),
                url.port,
                timeout=deadline.bounded(self._limits.connect_seconds),
                server_hostname=url.host,
                ssl_context=self._own if self._reach.names(address) else self._public,
            )
            try:
                connection.connect()
            except _FAILURES as error:
                connection.close()
                failure = _failure(url, error, deadline)
            else:
                return connection
        raise failure or PermanentError("url_unreachable", f"there is no host {url.host}")

    def _addresses(self, url: ListUrl) -> Sequence[Address]:
        """Return the addresses of a host. Raises PermanentError when only one of them must not be reached."""
        found = self._names.addresses(url.host) if url.address is None else [url.address]
        if not all(map(self._reach.allows, found)):
            # Which address it was stays with us: names of our networks would be mapped by asking.
            raise PermanentError(
                "url_not_allowed", f"{url.host} is not on the public internet; nothing is fetched there"
            )
        return found


def _headers(url: ListUrl) -> dict[str, str]:
    return {
        "Host": url.authority,
        "User-Agent": "mailsift",
        "Accept": "*/*",
        # The file as it lies there: what is packed is unpacked later, within limits.
        "Accept-Encoding": "identity",
        "Connection": "close",
    }


def _next(url: ListUrl, response: HTTPResponse) -> ListUrl:
    try:
        # Headers are Latin-1 by the letter and UTF-8 by custom.
        location = response.headers.get("Location", "").encode("latin-1").decode()
        return follow(url, location)
    except (UnicodeError, ValueError) as error:
        raise PermanentError("url_not_allowed", f"{url.host} redirects to what is no https URL") from error


def _require_a_file(url: ListUrl, response: HTTPResponse) -> None:
    if response.status == HTTPStatus.OK:
        return
    kind = TransientError if response.status in _FOR_NOW else PermanentError
    raise kind("url_refused", f"{url.host} answered {response.status} instead of the file")


def _chunks(url: ListUrl, response: HTTPResponse, deadline: Deadline) -> Iterator[bytes]:
    while True:
        try:
            chunk = response.read1(_CHUNK, decode_content=False)
        except _FAILURES as error:
            raise _failure(url, error, deadline) from error
        # A connection that was cut looks like one at its end.
        deadline.check()
        if not chunk:
            return
        yield chunk


def _failure(url: ListUrl, error: Exception, deadline: Deadline) -> MailsiftError:
    if deadline.passed:
        return TransientError("url_timeout", f"{url.host} did not send the file in the time there is")
    # The one that says "refused" is a kind of time-out to urllib3.
    if isinstance(error, (TimeoutError, Urllib3TimeoutError)) and not isinstance(error, NewConnectionError):
        return TransientError("url_timeout", f"{url.host} was silent for too long")
    if isinstance(error, ssl.SSLCertVerificationError):
        return PermanentError("url_unreachable", f"{url.host} shows a certificate that does not hold: {_said(error)}")
    return TransientError("url_unreachable", f"{url.host} does not answer as it should ({type(error).__name__})")


def _said(error: ssl.SSLCertVerificationError) -> str:
    return str(error.verify_message)
