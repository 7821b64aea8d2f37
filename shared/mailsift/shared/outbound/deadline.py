"""The time that a whole exchange may take, whatever it waits for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mailsift.shared.errors import TransientError


class Deadline:
    """A moment after which an exchange is over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() >= self._ends

    def bounded(self, seconds: float) -> float:
        """Return so many seconds, or what is left if that is less. Raises TransientError when nothing is."""
        self.check()
        return min(seconds, max(self._ends - time.monotonic(), 0.001))

    def check(self) -> None:
        """Raise TransientError `url_timeout` when it is over."""
        if self.passed:
            raise TransientError("url_timeout", f"it was not done within {self._seconds:g} seconds")

    @contextmanager
    def cutting(self, sock: socket.socket) -> Iterator[None]:
        """End whatever waits for this socket at the deadline: a byte now and then keeps every shorter limit."""
        timer = threading.Timer(self.bounded(self._seconds), _cut, [sock])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _cut(sock: socket.socket) -> None:
    # Not the method of the TLS socket, which another thread is reading from: that one forgets its session first.
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
