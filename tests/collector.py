"""A collector of traces on loopback, which understands what OTLP says and keeps it."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from servers import LOOPBACK


@dataclass(frozen=True, slots=True)
class Arrived:
    """A span, and which service told of it."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: tuple[tuple[str, str], ...]


class Collector:
    """What has arrived, and where it arrives."""

    def __init__(self) -> None:
        self._arrived: list[Arrived] = []
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler(self._arrived))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="collector", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def spans(self) -> list[Arrived]:
        return list(self._arrived)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    collector.start()
    try:
        yield collector
    finally:
        collector.stop()


def _handler(arrived: list[Arrived]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces":
                arrived.extend(_read(body))
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """It is not the collector that is watched."""

    return Handler


def _read(body: bytes) -> Iterator[Arrived]:
    for told in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = next(one.value.string_value for one in told.resource.attributes if one.key == "service.name")
        for span in (span for scope in told.scope_spans for span in scope.spans):
            attributes = tuple((one.key, str(one.value)) for one in span.attributes)
            yield Arrived(
                service, span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), attributes
            )
