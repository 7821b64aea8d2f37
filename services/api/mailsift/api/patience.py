"""A gunicorn worker that gives no thread to a client until the head of its request is there.

Gunicorn's own reads heads in its threads and waits for each byte as long as it takes: as many slow clients as there are
threads would stop it. Here they wait in a list that the main loop looks through, and go when their time is over. So do
clients who have their answer and do not hang up, for whom gunicorn's main loop would stand still.
"""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future
from contextlib import nullcontext
from typing import Any

from gunicorn.util import write_error  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from mailsift.api.config import ApiSettings
from mailsift.shared.outbound.deadline import Deadline
from mailsift.shared.settings import load

_PEEK = 16 * 1024  # the longest head
_REST_SECONDS = 5  # for a body that nobody wanted, so that the next request can be read behind it
_LEAVE_SECONDS = 2  # for a client to hang up: closed with something unread, its answer would be lost (RFC 9112, 9.6)
_USUAL_SECONDS = 0.1  # within which a head that came in two packets is there
_LOOK_SECONDS = 0.2
_END = b"\r\n\r\n"  # of a head
_SPEAKING = object()


class PatientWorker(ThreadWorker):  # type: ignore[misc] # of gunicorn no types are known
    """Gunicorn's worker with threads, and a list of clients who are still speaking."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head_seconds = load(ApiSettings).head_seconds
        self._speaking: dict[TConn, float] = {}
        self._leaving: dict[TConn, float] = {}
        self._looked = 0.0

    def handle(self, conn: TConn) -> Any:
        """Serve one request of a connection, in a thread, if its head is there."""
        # A socket with a time limit would be waited for, whatever is asked of it. One that was kept open has none.
        if conn.sock.gettimeout() != 0:
            conn.sock.setblocking(False)
        head = _head(conn, _USUAL_SECONDS)
        if not _is_whole(head):
            return _SPEAKING
        if head is not None and _END not in head:
            # The parser takes longer ones, and waits for their ends for ever.
            write_error(conn.sock, 431, "Request Header Fields Too Large", f"A head has {_PEEK} bytes at most")
            return False
        return super().handle(conn)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:  # noqa: FBT001 - gunicorn's signature
        # Gunicorn counts the silence between two bytes: of one now and then a thousand would be waited for.
        bounded = Deadline(_REST_SECONDS).cutting(conn.sock) if keepalive and _has_a_rest(conn) else nullcontext()
        with bounded:
            return bool(super()._keepalive_after(conn, keepalive))

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Go on with a connection that a thread is done with, in the main loop."""
        result = None if fs.cancelled() or fs.exception() else fs.result()
        if result is _SPEAKING:
            self._speaking[conn] = time.monotonic() + self._head_seconds
        elif result:
            super().finish_request(conn, fs)
        else:
            self._say_goodbye(conn)

    def _say_goodbye(self, conn: TConn) -> None:
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
        else:
            self._leaving[conn] = time.monotonic() + _LEAVE_SECONDS

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what comes, and not longer than those who are speaking or leaving should."""
        waited_for = self._speaking or self._leaving
        super().wait_for_and_dispatch_events(min(timeout, _LOOK_SECONDS) if waited_for else timeout)

    def murder_pending(self) -> None:
        """End connections whose time is over, in the main loop."""
        super().murder_pending()
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        for conn, until in list(self._speaking.items()):
            if _is_whole(_seen(conn)):
                del self._speaking[conn]
                self.enqueue_req(conn)
            elif now >= until or not self.alive:
                del self._speaking[conn]
                self._close(conn)
        for conn, until in list(self._leaving.items()):
            if _has_left(conn) or now >= until:
                del self._leaving[conn]
                self._close(conn)


def _head(conn: TConn, seconds: float) -> bytes | None:
    """Look at what a client has said, when it is a head or its time is over; None when it says no more."""
    until = time.monotonic() + seconds
    while not _is_whole(seen := _seen(conn)) and time.monotonic() < until:
        time.sleep(_USUAL_SECONDS / 10)
    return seen


def _is_whole(seen: bytes | None) -> bool:
    # Whether a connection has ended is the parser's business.
    return seen is None or _END in seen or len(seen) >= _PEEK


def _seen(conn: TConn) -> bytes | None:
    """Look at what a client has said; None when it says no more."""
    # Taken along with a body that nobody wanted, so that it is not to be seen on the socket any more.
    taken: bytes = conn.parser.unreader.buf.getvalue() if conn.parser else b""
    try:
        seen: bytes = conn.sock.recv(_PEEK, socket.MSG_PEEK)
    except BlockingIOError:
        return taken
    except OSError:
        return None
    return taken + seen if seen else None


def _has_a_rest(conn: TConn) -> bool:
    """Whether there may be more of a body; only of one whose length was said is that known."""
    return getattr(conn.parser.mesg.body.reader, "length", 1) != 0


def _has_left(conn: TConn) -> bool:
    """Take what a client still sends, and look whether it has hung up."""
    try:
        return not conn.sock.recv(_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
