"""Spans on their way to a collector, by OTLP over HTTP: the one module that imports OpenTelemetry, an extra."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Sequence
from contextvars import Token
from importlib.metadata import version
from types import TracebackType
from typing import Final, Self

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from mailsift.shared.observability.metrics import TRACE_SPANS
from mailsift.shared.observability.tracing import Kind, Span, Told
from mailsift.shared.trace_context import TraceContext, parse_traceparent

_KINDS: Final = {
    Kind.REQUEST: SpanKind.SERVER,
    Kind.MESSAGE_OUT: SpanKind.PRODUCER,
    Kind.MESSAGE_IN: SpanKind.CONSUMER,
    Kind.CALL: SpanKind.CLIENT,
    Kind.PART: SpanKind.INTERNAL,
}

# All that can be said of a span: https://opentelemetry.io/docs/specs/semconv/ where it has a name, else one of ours.
_NAMES: Final = {
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
    "queue": "messaging.destination.name",
    "code": "error.type",
    "job_id": "mailsift.job.id",
    "job_type": "mailsift.job.type",
    "attempt": "mailsift.attempt",
    "outcome": "mailsift.outcome",
    "waited_seconds": "mailsift.waited_seconds",
    "workspace_id": "mailsift.workspace.id",
    "delivery_id": "mailsift.webhook.delivery_id",
    "webhook_event": "mailsift.webhook.event",
    "domains": "mailsift.domains",
    "rows": "mailsift.rows",
    "table": "db.collection.name",
}

_SENT, _LOST = TRACE_SPANS.labels("sent"), TRACE_SPANS.labels("lost")


def otlp_tracer(service: str) -> OtlpTracer:
    """Build the tracer of a process. What else there is to set, OpenTelemetry reads from the environment itself."""
    # Each try that a dead collector does not answer is no news: that spans were lost, is.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)
    return OtlpTracer(BatchSpanProcessor(CountingExporter(OTLPSpanExporter())), _resource(service))


def _resource(service: str) -> Resource:
    ours = Resource(
        {
            SERVICE_NAME: f"mailsift-{service}",
            SERVICE_VERSION: version("mailsift-shared"),
            SERVICE_INSTANCE_ID: socket.gethostname(),
        }
    )
    said = Resource.create()
    named = not str(said.attributes[SERVICE_NAME]).startswith("unknown_service")
    return ours.merge(said) if named else said.merge(ours)


class CountingExporter(SpanExporter):
    """Counts what another exporter hands over, and what it does not get rid of."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand spans over."""
        result = self._exporter.export(spans)
        (_SENT if result is SpanExportResult.SUCCESS else _LOST).inc(len(spans))
        return result

    def shutdown(self) -> None:
        """Give up what is being tried."""
        self._exporter.shutdown()


class OtlpTracer:
    """Tells a span processor; its queue is bounded, and nobody who adds to it waits."""

    def __init__(self, processor: SpanProcessor, resource: Resource | None = None) -> None:
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("mailsift", version("mailsift-shared"))

    def span(self, name: str, kind: Kind, parent: str | None, follows: str | None, **told: Told) -> Span:
        """Begin one below `parent`, or a trace, with a link to the one that it `follows`."""
        # What one request has queued in a chain stands below that already.
        before = None if follows == parent else _remote(follows)
        links = [] if before is None else [Link(before)]
        return _Told(self._tracer.start_span(name, _below(parent), _KINDS[kind], attributes=_named(told), links=links))

    def part(self, name: str, **told: Told) -> Span | None:
        """Begin one below the span that is under way here, if there is one."""
        if not trace.get_current_span().is_recording():
            return None
        return _Told(self._tracer.start_span(name, attributes=_named(told)))

    def past(self, name: str, kind: Kind, parent: str, began: int, **told: Told) -> None:
        """Tell of one that is over."""
        self._tracer.start_span(name, _below(parent), _KINDS[kind], attributes=_named(told), start_time=began).end()

    def here(self) -> TraceContext | None:
        """Return where the span stands that is under way here, if there is one."""
        found = trace.get_current_span().get_span_context()
        return _ours(found) if found.is_valid else None

    def stop(self, seconds: float) -> None:
        """Hand over what was not yet: in a thread that may be left behind, for the library waits for half a minute."""
        thread = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
        thread.start()
        thread.join(seconds)


class _Told(Span):
    """A span that somebody is told of, unless it is not sampled."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._token: Token[Context] | None = None

    @property
    def context(self) -> TraceContext:
        """Where it stands in its trace."""
        return _ours(self._span.get_span_context())

    def note(self, **told: Told) -> None:
        """Say something of it."""
        self._span.set_attributes(_named(told))

    def fail(self, code: str) -> None:
        """Say that it went wrong."""
        self._span.set_attributes(_named({"code": code}))
        self._span.set_status(Status(StatusCode.ERROR))

    def __enter__(self) -> Self:
        """Be what parts stand below."""
        self._token = contexts.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        """End. Of an error only its kind is told: its message may quote a row."""
        if self._token is not None:
            contexts.detach(self._token)
        if kind is not None:
            self.fail(kind.__name__)
        self._span.end()


def _named(told: dict[str, Told]) -> dict[str, Told]:
    return {_NAMES[word]: value for word, value in told.items()}


def _ours(found: SpanContext) -> TraceContext:
    return TraceContext(
        trace.format_trace_id(found.trace_id), trace.format_span_id(found.span_id), found.trace_flags.sampled
    )


def _remote(traceparent: str | None) -> SpanContext | None:
    found = parse_traceparent(traceparent)
    if found is None:
        return None
    flags = TraceFlags(TraceFlags.SAMPLED if found.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(found.trace_id, 16), int(found.span_id, 16), is_remote=True, trace_flags=flags)


def _below(parent: str | None) -> Context:
    # A context of its own, whatever is under way here: without a parent a trace begins.
    above = _remote(parent)
    return Context() if above is None else trace.set_span_in_context(NonRecordingSpan(above), Context())
