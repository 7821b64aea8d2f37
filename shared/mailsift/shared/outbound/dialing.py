"""Connects to a host over HTTPS: to an address that was looked at first, and to no other."""

from __future__ import annotations

import http.client
import logging
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

from mailsift.shared.errors import MailsiftError, PermanentError, TransientError
from mailsift.shared.networks import Address, Reach
from mailsift.shared.outbound.deadline import Deadline
from mailsift.shared.outbound.names import Names
from mailsift.shared.urls import HttpsUrl

FAILURES: Final = (OSError, HTTPError, http.client.HTTPException)
"""What goes wrong on a connection."""

_MOST_ADDRESSES: Final = 4


class Dialer:
    """Opens connections to the hosts of URLs that strangers wrote."""

    def __init__(
        self,
        reach: Reach | None = None,
        names: Names | None = None,
        connect_seconds: float = 10,
        ca_file: Path | None = None,
    ) -> None:
        """Reach the public internet, with the nameservers of the machine, unless something else is said.

        Besides the authorities that the machine trusts, those in `ca_file` are trusted in the operator's own networks.
        """
        self._reach = reach or Reach()
        self._names = names or Names()
        self._connect_seconds = connect_seconds
        self._public = ssl.create_default_context()
        self._own = ssl.create_default_context()
        if ca_file is not None:
            self._own.load_verify_locations(ca_file)
        # Its lines hold whole URLs, and with them what may be passwords.
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)

    def connect(self, url: HttpsUrl, deadline: Deadline) -> HTTPSConnection:
        """Connect to the first address of a host that answers: to the number, so that nothing is looked up again.

        Raises PermanentError and TransientError: `url_not_allowed`, `url_unreachable`, `url_timeout`.
        """
        failure: MailsiftError | None = None
        for address in self._addresses(url)[:_MOST_ADDRESSES]:
            connection = HTTPSConnection(
                str(address),
                url.port,
                timeout=deadline.bounded(self._connect_seconds),
                server_hostname=url.host,
                ssl_context=self._own if self._reach.names(address) else self._public,
            )
            try:
                connection.connect()
            except FAILURES as error:
                connection.close()
                failure = failed(url, error, deadline)
            else:
                return connection
        raise failure or PermanentError("url_unreachable", f"there is no host {url.host}")

    def _addresses(self, url: HttpsUrl) -> Sequence[Address]:
        """Return the addresses of a host. Raises PermanentError when only one of them must not be reached."""
        found = self._names.addresses(url.host) if url.address is None else [url.address]
        if not all(map(self._reach.allows, found)):
            # Which address it was stays with us: names of our networks would be mapped by asking.
            raise PermanentError(
                "url_not_allowed", f"{url.host} is not on the public internet; mailsift does not go there"
            )
        return found


def failed(url: HttpsUrl, error: Exception, deadline: Deadline) -> MailsiftError:
    """Say what one of FAILURES means for whoever wrote the URL."""
    if deadline.passed:
        return TransientError("url_timeout", f"{url.host} took longer than the time there is")
    # The one that says "refused" is a kind of time-out to urllib3.
    if isinstance(error, (TimeoutError, Urllib3TimeoutError)) and not isinstance(error, NewConnectionError):
        return TransientError("url_timeout", f"{url.host} was silent for too long")
    if isinstance(error, ssl.SSLCertVerificationError):
        return PermanentError("url_unreachable", f"{url.host} shows a certificate that does not hold: {_said(error)}")
    return TransientError("url_unreachable", f"{url.host} does not answer as it should ({type(error).__name__})")


def _said(error: ssl.SSLCertVerificationError) -> str:
    return str(error.verify_message)
