"""A gunicorn worker that gives no thread to a client until the head of its request is there.

Gunicorn's own reads heads in its threads and waits for each byte as long as it takes: as many slow clients as there are
threads would stop it. Here they wait in a list that the main loop looks through, and go when their time is over.
"""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from mailsift.api.config import ApiSettings
from mailsift.shared.settings import load

_PEEK = 16 * 1024
_USUAL_SECONDS = 0.1  # within which a head that came in two packets is there
_LOOK_SECONDS = 0.2
_SPEAKING = object()


class PatientWorker(ThreadWorker):  # type: ignore[misc] # of gunicorn no types are known
    """Gunicorn's worker with threads, and a list of clients who are still speaking."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_seconds = load(ApiSettings).head_seconds
        self._speaking: dict[TConn, float] = {}
        self._looked = 0.0

    def handle(self, conn: TConn) -> Any:
        """Serve one request of a connection, in a thread, if its head is there."""
        # A socket with a time limit would be waited for, whatever is asked of it.
        conn.sock.setblocking(False)
        if not _head_is_here(conn, _USUAL_SECONDS):
            return _SPEAKING
        return super().handle(conn)

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Go on with a connection that a thread is done with, in the main loop."""
        if not fs.cancelled() and fs.exception() is None and fs.result() is _SPEAKING:
            self._speaking[conn] = time.monotonic() + self._head_seconds
        else:
            super().finish_request(conn, fs)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what comes, and not longer than those who are speaking should."""
        super().wait_for_and_dispatch_events(min(timeout, _LOOK_SECONDS) if self._speaking else timeout)

    def murder_pending(self) -> None:
        """End connections whose time is over, in the main loop."""
        super().murder_pending()
        now = time.monotonic()
        if not self._speaking or now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        for conn, until in list(self._speaking.items()):
            if _head_is_here(conn, 0):
                del self._speaking[conn]
                self.enqueue_req(conn)
            elif now >= until or not self.alive:
                del self._speaking[conn]
                self.nr_conns -= 1
                conn.close()


def _head_is_here(conn: TConn, seconds: float) -> bool:
    """Look without taking; a connection that has ended, or a head that is too long, is the parser's business."""
    # Taken along with a body that nobody wanted, so that it is not to be seen on the socket any more.
    taken = conn.parser.unreader.buf.getvalue() if conn.parser else b""
    until = time.monotonic() + seconds
    while True:
        try:
            seen = conn.sock.recv(_PEEK, socket.MSG_PEEK)
        except BlockingIOError:
            seen = None
        except OSError:
            return True
        head = taken + (seen or b"")
        if seen == b"" or b"\r\n\r\n" in head or len(head) >= _PEEK:
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(_USUAL_SECONDS / 10)
