"""Sends one message to one URL, over HTTPS, and reads the beginning of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Final

from urllib3.connection import HTTPSConnection
from urllib3.response import BaseHTTPResponse

from mailsift.exporter.webhooks.judging import Answered
from mailsift.shared.outbound.deadline import Deadline
from mailsift.shared.outbound.dialing import FAILURES, Dialer, failed
from mailsift.shared.urls import HttpsUrl

EXCERPT: Final = 1024
"""Bytes of an answer that are kept; no more are read."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What messages are sent with."""

    dialer: Dialer = field(default_factory=Dialer)
    total_seconds: float = 15

    def post(self, url: HttpsUrl, headers: Mapping[str, str], body: bytes, deadline: Deadline) -> Answered:
        """Send a message once, and follow no redirect. Raises PermanentError and TransientError.

        Their codes are `url_not_allowed`, `url_unreachable` and `url_timeout`.
        """
        with closing(self.dialer.connect(url, deadline)) as connection, deadline.cutting(connection.sock):
            connection.timeout = deadline.bounded(self.total_seconds)
            with closing(_asked(connection, url, headers, body, deadline)) as response:
                return Answered(response.status, _excerpt(response))


def _asked(
    connection: HTTPSConnection, url: HttpsUrl, headers: Mapping[str, str], body: bytes, deadline: Deadline
) -> BaseHTTPResponse:
    ours = {
        "Host": url.authority,
        "User-Agent": "mailsift",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    try:
        connection.request("POST", url.target, body, {**ours, **headers}, preload_content=False)
        return connection.getresponse()
    except FAILURES as error:
        raise failed(url, error, deadline) from error


def _excerpt(response: BaseHTTPResponse) -> str:
    read = b""
    # The status has been said; what breaks off after it changes nothing.
    with suppress(*FAILURES):
        while len(read) < EXCERPT and (chunk := response.read1(EXCERPT - len(read), decode_content=False)):
            read += chunk
    # PostgreSQL's text has no place for NUL.
    return read.decode(errors="replace").replace("\0", "")
