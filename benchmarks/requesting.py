"""A client that asks as fast as it is answered, on connections that stay open."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from benchmarks.figures import Spread, spread
from servers import LOOPBACK

_SECONDS_AT_MOST: Final = 600


@dataclass(frozen=True, slots=True)
class Rush:
    """What came of asking for a while."""

    seconds: float
    times: Sequence[float]
    """Seconds, for each request."""

    @property
    def a_second(self) -> float:
        """Requests that were answered in a second."""
        return len(self.times) / self.seconds

    @property
    def spread(self) -> Spread:
        """How long requests took."""
        return spread(self.times)


class Client:
    """One connection, and the key that it brings."""

    def __init__(self, port: int, key: str = "") -> None:
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_SECONDS_AT_MOST)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str) -> bytes:
        """Ask for something that is there."""
        return self._ask("GET", path)

    def post(self, path: str, body: Iterator[bytes], headers: Mapping[str, str]) -> bytes:
        """Send a body as it comes."""
        return self._ask("POST", path, body, headers)

    def stream(self, path: str) -> Iterator[tuple[float, bytes]]:
        """Read lines as they come, and when."""
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        assert response.status == http.HTTPStatus.OK, response.status
        while line := response.readline():
            yield time.monotonic(), line

    def _ask(
        self, method: str, path: str, body: Iterator[bytes] | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        self._connection.request(method, path, body, {**self._headers, **(headers or {})})
        response = self._connection.getresponse()
        said = response.read()
        assert response.status < http.HTTPStatus.BAD_REQUEST, said
        return said


def answers(port: int, path: str) -> bool:
    """Whether a server says anything at all."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    with suppress(OSError):
        connection.request("GET", path)
        return bool(connection.getresponse().status)
    return False


def rush(clients: Sequence[Client], path: Callable[[int], str], seconds: float) -> Rush:
    """Have clients ask for a while, each as soon as it is answered."""
    found: list[list[float]] = [[] for _ in clients]
    until = time.monotonic() + seconds

    def ask(client: Client, times: list[float]) -> None:
        while (began := time.monotonic()) < until:
            client.get(path(len(times)))
            times.append(time.monotonic() - began)

    threads = [threading.Thread(target=ask, args=pair) for pair in zip(clients, found, strict=True)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Rush(time.monotonic() - began, [took for times in found for took in times])
