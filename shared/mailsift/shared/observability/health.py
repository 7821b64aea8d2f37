"""The small HTTP server in every process that answers /livez, /readyz and /metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], bool]
Fault = Callable[[], str | None]
"""What is wrong, in a line for whoever looks after the process; None when nothing is."""


class HealthServer:
    """Serves a process's health on its own port, from its own thread.

    `live` says whether the process can still do its work (a restart would help otherwise); `fault` what keeps it from
    taking work now (a restart would not help). Both must answer at once and must not raise.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry, *, live: Check, fault: Fault) -> None:
        self._server = ThreadingHTTPServer((host, port), _handler(registry, live, fault))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on, for when the caller asked for any."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(registry: CollectorRegistry, live: Check, fault: Fault) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            if self.path == "/livez":
                self._verdict(None if live() else "it does its work no more")
            elif self.path == "/readyz":
                self._verdict(fault())
            elif self.path == "/metrics":
                self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
            else:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"not found\n")

        def _verdict(self, wrong: str | None) -> None:
            status = HTTPStatus.OK if wrong is None else HTTPStatus.SERVICE_UNAVAILABLE
            self._answer(status, "text/plain", f"not ok: {wrong}\n".encode() if wrong else b"ok\n")

        def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Probes every few seconds are no news."""

    return Handler
