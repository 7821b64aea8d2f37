from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from mailsift.dispatcher.config import DispatcherSettings
from mailsift.shared.observability import tracing
from mailsift.shared.observability.metrics import REGISTRY
from mailsift.shared.observability.otlp import CountingExporter, OtlpTracer
from mailsift.shared.observability.tracing import Kind
from mailsift.shared.settings import SettingsError, TracingSettings, load
from mailsift.shared.trace_context import TraceContext
from telling import Story, parent_id, span_id, telling, trace_id

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ABOVE = f"00-{TRACE}-{SPAN}-01"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
COLLECTOR = "http://collector.example:4318"


@pytest.fixture
def story() -> Iterator[Story]:
    with telling() as story:
        yield story


def test_a_span_stands_below_its_parent_and_its_parts_below_it(story: Story) -> None:
    with tracing.span("run export", Kind.MESSAGE_IN, ABOVE, attempt=2) as span:
        with tracing.part("copy", table="uploadEmails"):
            pass
        assert tracing.here() == span.context
    run, copy = story.one("run export"), story.one("copy")
    assert span.context == TraceContext(TRACE, span_id(run), sampled=True)
    assert (trace_id(run), parent_id(run), trace_id(copy), parent_id(copy)) == (TRACE, SPAN, TRACE, span_id(run))
    assert run.attributes == {"mailsift.attempt": 2}
    assert tracing.here() is None


@pytest.mark.parametrize("parent", [None, "", "who?", f"00-{TRACE}-{'0' * 16}-01"])
def test_a_trace_begins_where_there_is_no_parent_whatever_is_under_way(story: Story, parent: str | None) -> None:
    with tracing.span("outer", Kind.PART, ABOVE), tracing.span("run export", Kind.MESSAGE_IN, parent):
        pass
    assert parent_id(story.one("run export")) is None
    assert trace_id(story.one("run export")) != TRACE


def test_a_part_of_nothing_is_told_to_nobody(story: Story) -> None:
    with tracing.part("storage write") as part:
        assert part.context is None
    with tracing.span("run export", Kind.MESSAGE_IN, f"00-{TRACE}-{SPAN}-00") as span, tracing.part("copy"):
        assert span.context is not None
        assert (span.context.trace_id, span.context.sampled) == (TRACE, False)
    tracing.past("send exporter.files", Kind.MESSAGE_OUT, None, time.time_ns())
    assert story.spans() == []


def test_a_link_leads_to_what_was_waited_for_unless_both_stand_below_one(story: Story) -> None:
    before = f"00-{'ab' * 16}-{SPAN}-01"
    for name, follows in (("linked", before), ("the same", ABOVE), ("nothing", None), ("no traceparent", "who?")):
        with tracing.span(name, Kind.MESSAGE_IN, ABOVE, follows):
            pass
    assert [len(span.links) for span in story.spans()] == [1, 0, 0, 0]
    assert story.one("linked").links[0].context.trace_id == int("ab" * 16, 16)


def test_of_an_error_only_its_kind_is_told(story: Story) -> None:
    with pytest.raises(ValueError, match="ann@"), tracing.span("run export", Kind.MESSAGE_IN):
        raise ValueError("ann@example.com")
    failed = story.one("run export")
    assert failed.attributes == {"error.type": "ValueError"}
    assert (failed.status.status_code, failed.status.description, failed.events) == (StatusCode.ERROR, None, ())


def test_nothing_can_be_told_by_a_word_that_is_not_on_the_list(story: Story) -> None:
    with pytest.raises(KeyError), tracing.span("run export", Kind.MESSAGE_IN, address="ann@example.com"):
        pass
    assert story.spans() == []


def test_what_is_over_is_told_with_its_beginning(story: Story) -> None:
    tracing.past("send exporter.files", Kind.MESSAGE_OUT, ABOVE, 1_000_000_000, queue="exporter.files")
    sent = story.one("send exporter.files")
    assert (sent.start_time, parent_id(sent)) == (1_000_000_000, SPAN)


class DeadCollector(SpanExporter):
    """Takes nothing, and takes its time over it."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        assert spans
        self.over.wait(60)
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        pass


def test_a_dead_collector_holds_up_nobody_and_the_end_for_seconds_only() -> None:
    def lost() -> float:
        return REGISTRY.get_sample_value("mailsift_trace_spans_total", {"outcome": "lost"}) or 0

    collector, before = DeadCollector(), lost()
    processor = BatchSpanProcessor(CountingExporter(collector), max_queue_size=64, max_export_batch_size=8)
    tracer, began = OtlpTracer(processor), time.monotonic()
    for _ in range(2_000):
        with tracer.span("run export", Kind.MESSAGE_IN, ABOVE, None):
            pass
    tracer.stop(0.1)
    assert time.monotonic() - began < 30, "each try lasts a minute, and so does the last one"
    collector.over.set()
    processor._batch_processor._worker_thread.join(60)
    assert 8 <= lost() - before <= 64 + 8


def test_without_a_collector_named_opentelemetry_is_not_even_imported() -> None:
    program = """
import sys
from mailsift.shared.observability import tracing
from mailsift.shared.settings import TracingSettings
tracing.configure_tracing("ingest", TracingSettings())
with tracing.span("run export", tracing.Kind.MESSAGE_IN) as span, tracing.part("copy"):
    assert span.context is None
sys.exit(any(name.startswith("opentelemetry") for name in sys.modules))
"""
    assert subprocess.run([sys.executable, "-c", program], env={}, check=False).returncode == 0


@pytest.mark.parametrize(
    ("environment", "on"),
    [
        ({}, False),
        ({ENDPOINT: ""}, False),
        ({ENDPOINT: COLLECTOR}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{COLLECTOR}/v1/traces"}, True),
        ({ENDPOINT: COLLECTOR, "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({ENDPOINT: COLLECTOR, "OTEL_SDK_DISABLED": "yes"}, True),
        ({ENDPOINT: COLLECTOR, "OTEL_SDK_DISABLED": "", "OTEL_TRACES_EXPORTER": ""}, True),
        ({ENDPOINT: COLLECTOR, "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
    ids=["nothing", "empty", "endpoint", "of-traces", "disabled", "not-disabled", "all-empty", "none"],
)
def test_the_environment_says_whether_traces_are_told(
    environment: dict[str, str], on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert load(TracingSettings).traces_wanted is on


def test_a_collector_that_is_named_without_the_extra_is_refused_and_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    monkeypatch.setenv(ENDPOINT, COLLECTOR)
    with pytest.raises(SettingsError, match=rf"{ENDPOINT}: .*pip install 'mailsift-shared\[tracing\]'") as raised:
        load(DispatcherSettings)
    assert "DATABASE_URL: Field required" in str(raised.value)
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert load(TracingSettings).traces_wanted is False


def test_an_endpoint_that_is_no_url_of_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "collector.example:4317")
    with pytest.raises(SettingsError, match=ENDPOINT):
        load(TracingSettings)
