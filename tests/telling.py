"""Spans that are told, kept in this process for a test to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mailsift.shared.observability import tracing
from mailsift.shared.observability.otlp import OtlpTracer


class Story:
    """What was told."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def forget(self) -> None:
        self._exporter.clear()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans() if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span


def span_id(span: ReadableSpan) -> str:
    return f"{span.context.span_id:016x}" if span.context else ""


def trace_id(span: ReadableSpan) -> str:
    return f"{span.context.trace_id:032x}" if span.context else ""


def parent_id(span: ReadableSpan) -> str | None:
    return f"{span.parent.span_id:016x}" if span.parent else None


@contextmanager
def telling() -> Iterator[Story]:
    """Tell of everything this process does, for as long as the block lasts."""
    exporter = InMemorySpanExporter()
    tracing.tell(OtlpTracer(SimpleSpanProcessor(exporter)))
    try:
        yield Story(exporter)
    finally:
        tracing.stop_tracing()
