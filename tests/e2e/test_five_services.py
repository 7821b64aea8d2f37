"""The main job as it runs in production: five processes, RabbitMQ, PostgreSQL, a nameserver, and workers that die."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from collector import Collector
from conftest import Database
from e2e.client import TRACE, Client, Observer, the_first_client
from e2e.people import check_database, check_file, make_list
from processes import Service, wait_for
from servers import RabbitMQ

ROWS = 20_000


@pytest.fixture
def observer(database: Database) -> Observer:
    return Observer(database.owner_url)


@pytest.fixture
def client(database: Database, services: Mapping[str, Service]) -> Iterator[Client]:
    with the_first_client(database.owner_url, services["api"].environment["PORT"]) as client:
        yield client


def test_a_list_goes_through_although_a_worker_of_each_kind_is_killed_on_the_way(  # noqa: PLR0917 - fixtures
    client: Client,
    services: Mapping[str, Service],
    observer: Observer,
    rabbitmq: RabbitMQ,
    rabbitmq_url: str,
    collector: Collector,
) -> None:
    content = make_list(ROWS)

    upload = client.post("/api/uploads", files={"file": ("people.csv", content, "text/csv")})
    wait_for(lambda: observer.rows('SELECT 1 FROM "uploadEmails" LIMIT 1'), "the first rows")
    services["ingest"].kill()
    services["ingest"].start()
    ingest = client.wait_for_job(upload["jobId"])
    assert (ingest["status"], ingest["attempt"]) == ("completed", 2)
    counts = client.get(f"/api/uploads/{upload['uploadId']}")
    assert [counts[name] for name in ("totalRows", "totalEmails", "rejectedRows")] == [ROWS, 19_800, 200]

    with observer.held("advancedEmailResults", "SHARE"):
        analysis = client.post("/api/analyses", json={"uploadId": upload["uploadId"], "analysisType": "advanced"})
        wait_for(observer.waits_for_table("advancedEmailResults"), "a slice to be written")
        services["analyzer"].kill()
        services["dispatcher"].kill()
    services["dispatcher"].start()
    services["analyzer"].start()
    assert client.wait_for_job(analysis["jobId"])["status"] == "completed"
    retried = observer.rows("""SELECT count(*) FROM "jobQueue" WHERE "jobType" = 'email_scoring' AND attempt > 1""")
    assert retried[0][0] >= 1

    with observer.held("advancedEmailResults", "ACCESS EXCLUSIVE"):
        export = client.post("/api/exports", json={"analysisId": analysis["analysisId"], "fileType": "csv"})
        wait_for(observer.waits_for_table("advancedEmailResults"), "the export to read")
        services["exporter"].kill()
        services["api"].kill()
    services["exporter"].start()
    services["api"].start()
    ended = client.wait_for_job(export["jobId"])
    assert (ended["status"], ended["attempt"]) == ("completed", 2)

    response = client.http.get(f"/api/exports/{export['exportId']}/download")
    assert response.status_code == 200
    check_file(content, response.content.decode())
    check_database(observer, ROWS)
    check_queues(rabbitmq, rabbitmq_url)
    check_trace(collector)


def check_queues(rabbitmq: RabbitMQ, url: str) -> None:
    listed = rabbitmq.control(
        "list_queues", "-q", "-p", url.rpartition("/")[2], "name", "messages", "--formatter", "json"
    )
    stuck = {queue["name"]: queue["messages"] for queue in json.loads(listed) if queue["name"].endswith((".DQ", ".XQ"))}
    assert stuck
    assert set(stuck.values()) == {0}


def check_trace(collector: Collector) -> None:
    """Five processes have told of one trace; those that were killed had not told all of theirs."""

    def told() -> set[tuple[str, str]]:
        return {(span.service, span.name) for span in collector.spans()}

    wanted = {
        ("mailsift-api", "GET /api/exports/<uuid:export_id>/download"),
        ("mailsift-dispatcher", "send exporter.files"),
        ("mailsift-ingest", "run file_processing"),
        ("mailsift-analyzer", "run email_scoring"),
        ("mailsift-exporter", "run export"),
    }
    wait_for(lambda: wanted <= told(), "all services to tell of their work", hint=lambda: str(told()))
    spans = collector.spans()
    assert {span.trace_id for span in spans} == {TRACE}
    request, *others = {span.parent_id for span in spans if span.name in {"run export", "send exporter.files"}}
    assert (len(request), others) == (16, [])
    assert [span for span in spans if "example" in str(span.attributes) or "people" in str(span.attributes)] == []
