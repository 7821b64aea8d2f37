"""One trace from a request to the last child of what it set going."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from mailsift.dispatcher.publisher import Publisher
from mailsift.dispatcher.relay import Relay
from mailsift.dispatcher.schedules import fire_due
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.trace_context import parse_traceparent
from pump import Pump
from telling import Story, parent_id, span_id, telling, trace_id

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADER = {"traceparent": f"00-{TRACE}-{CALLER}-01", "Content-Type": "text/csv"}
LIST = b"name,email\nAnn,john@company.com\nBob,sales@startup.io\n"
WHOLE = "/api/uploads?analysisType=advanced&exportType=csv&fileName=leads.csv"


@pytest.fixture
def story() -> Iterator[Story]:
    with telling() as story:
        yield story


class Taker:
    """A broker that takes everything."""

    def send(self, _messages: Any) -> set[str]:
        return set()

    def close(self) -> None:
        pass


def test_one_trace_runs_from_the_request_to_the_last_child(
    client: Any, pump: Pump, story: Story, dispatcher: Engine, rows: Any
) -> None:
    told = {"url": "https://hooks.example.com/mailsift", "events": ["export.completed"]}
    assert client.post("/api/webhooks", json=told).status_code == 201
    story.forget()
    queued = client.post(WHOLE, data=LIST, headers=HEADER)
    assert queued.status_code == 202, queued.text
    publisher: Publisher = Taker()
    assert Relay(dispatcher, publisher, cap=10).cycle() == 1
    pump.run()
    assert {row["status"] for row in rows('SELECT status FROM "jobQueue"')} == {"completed"}

    assert {trace_id(span) for span in story.spans()} == {TRACE}
    request = story.one("POST /api/uploads")
    assert parent_id(request) == CALLER
    roots = [story.one("run file_processing"), story.one("run export"), *story.named("run advanced_analysis")]
    assert {parent_id(span) for span in [*roots, story.one("send ingest.files")]} == {span_id(request)}
    planning, *_ = story.named("run advanced_analysis")
    assert parent_id(story.one("run domain_resolution")) == span_id(planning)
    # Each phase stands below the attempt that planned it, the last child below the second.
    assert parent_id(story.one("run email_scoring")) in {
        span_id(span) for span in story.named("run advanced_analysis")
    } - {span_id(planning)}
    below = f"00-{TRACE}-{span_id(request)}-01"
    assert rows('SELECT "traceContext" FROM "webhookDeliveries"') == [{"traceContext": below}]
    parts = {(span.name, parent_id(span)) for span in story.spans()}
    assert ("storage write", span_id(request)) in parts
    assert ("storage write", span_id(story.one("run export"))) in parts
    assert ("look up domains", span_id(story.one("run domain_resolution"))) in parts
    assert "copy" in {span.name for span in story.spans()}


def test_nothing_that_is_told_has_an_address_a_domain_a_key_or_a_name_in_it(
    client: Any, pump: Pump, story: Story
) -> None:
    client.post(WHOLE, data=LIST, headers=HEADER)
    pump.run()
    client.get("/api/activities?q=john@company.com")
    client.get("/no/such/john@company.com")
    told = json.dumps([json.loads(span.to_json()) for span in story.spans()])
    secrets = ("john", "company.com", "startup", "leads", "storage/", client.tenant.key)
    assert [secret for secret in secrets if secret in told] == []
    answered = {(span.name, (span.attributes or {}).get("http.response.status_code")) for span in story.spans()}
    assert {("POST /api/uploads", 202), ("GET", 404)} <= answered


@pytest.mark.parametrize(
    "header", ["", "00-what-01", f"00-{TRACE}-{CALLER}-01-more", f"00-{TRACE.upper()}-{CALLER}-01"]
)
def test_a_traceparent_that_is_none_is_as_good_as_none(client: Any, story: Story, rows: Any, header: str) -> None:
    client.upload(traceparent=header)
    (request,) = story.named("POST /api/uploads")
    assert (trace_id(request) == TRACE, parent_id(request)) == (False, None)
    (job,) = rows('SELECT "traceId", "traceContext" FROM "jobQueue"')
    assert job == {"traceId": trace_id(request), "traceContext": f"00-{trace_id(request)}-{span_id(request)}-01"}


@pytest.mark.parametrize(("brought", "kept"), [(HEADER["traceparent"], HEADER["traceparent"]), ("nonsense", None)])
def test_where_nobody_is_told_the_trace_of_the_caller_is_handed_on(
    client: Any, rows: Any, brought: str, kept: str | None
) -> None:
    client.upload(traceparent=brought)
    assert rows('SELECT "traceContext" FROM "jobQueue"') == [{"traceContext": kept}]


def test_what_is_not_sampled_is_told_of_nowhere(client: Any, pump: Pump, story: Story, rows: Any) -> None:
    client.post(WHOLE, data=LIST, headers=HEADER | {"traceparent": f"00-{TRACE}-{CALLER}-00"})
    pump.run()
    assert story.spans() == []
    kept = [parse_traceparent(row["traceContext"]) for row in rows('SELECT "traceContext" FROM "jobQueue"')]
    assert {(found.trace_id, found.sampled) for found in kept if found} == {(TRACE, False)}
    assert all(kept)


def test_each_try_of_a_job_stands_below_the_same_request(client: Any, pump: Pump, story: Story, rows: Any) -> None:
    client.upload(**HEADER)

    def stumble(_lease: Lease) -> None:
        raise RuntimeError("john@company.com")

    good = pump.handlers[JobType.FILE_PROCESSING]
    pump.handlers[JobType.FILE_PROCESSING] = stumble
    pump.run()
    pump.handlers[JobType.FILE_PROCESSING] = good
    rows("""UPDATE "jobQueue" SET "dueAt" = now()""")
    pump.run()
    first, second = story.named("run file_processing")
    assert {parent_id(first), parent_id(second)} == {span_id(story.one("POST /api/uploads"))}
    told = [(span.attributes or {}) for span in (first, second)]
    assert [(one["mailsift.attempt"], one["mailsift.outcome"]) for one in told] == [(1, "retried"), (2, "completed")]
    assert told[0]["error.type"] == "internal_error"
    assert "error.type" not in told[1]


def test_who_waits_for_a_job_of_another_request_has_a_link_to_it(client: Any, pump: Pump, story: Story) -> None:
    upload = client.upload(**HEADER)
    body = {"uploadId": upload["uploadId"], "analysisType": "advanced"}
    client.post("/api/analyses", json=body)
    pump.run()
    analysis, *_ = story.named("run advanced_analysis")
    assert parent_id(analysis) == span_id(story.one("POST /api/analyses"))
    assert [f"{link.context.trace_id:032x}" for link in analysis.links] == [TRACE]


def test_a_schedule_begins_a_trace_of_its_own(client: Any, pump: Pump, story: Story, dispatcher: Engine) -> None:
    upload = client.upload(**HEADER)
    pump.run()
    body = {"uploadId": upload["uploadId"], "cron": "0 6 * * *", "analysisType": "advanced", "name": "daily"}
    made = client.post("/api/schedules", json=body)
    assert made.status_code == 201, made.text
    assert fire_due(dispatcher, dt.datetime.now(dt.UTC) + dt.timedelta(days=2)) == 1
    fired = story.one("fire schedule")
    assert (parent_id(fired), trace_id(fired) == TRACE) == (None, False)
    pump.run()
    assert {parent_id(span) for span in story.named("run advanced_analysis")} == {span_id(fired)}
