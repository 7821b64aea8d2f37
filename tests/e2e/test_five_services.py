"""The main job as it runs in production: five processes, RabbitMQ, PostgreSQL, a nameserver, and workers that die."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from collector import Collector
from conftest import Database
from e2e.conftest import DOMAINS
from processes import Service, wait_for
from servers import LOOPBACK, RabbitMQ

ROWS = 20_000
TRACE = "0af7651916cd43dd8448eb211c80319c"


def make_list() -> bytes:
    """20,000 rows: every tenth repeats an earlier address, every hundredth has none, cells need quoting."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["id", "e-mail", "note"])
    for number in range(ROWS):
        person = number - 5 if number % 10 == 9 else number
        address = "" if number % 100 == 50 else f"person{person}@domain{person % DOMAINS}.example"
        writer.writerow([number, address, f'says "hello", row {number}'])
    return target.getvalue().encode()


class Client:
    """A program that uses the API with its key."""

    def __init__(self, port: str, key: str) -> None:
        self.http = httpx.Client(
            base_url=f"http://{LOOPBACK}:{port}",
            headers={"Authorization": f"Bearer {key}", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
            timeout=30,
            trust_env=False,
        )

    def post(self, path: str, **body: Any) -> Mapping[str, Any]:
        return self._checked(self.http.post(path, **body))

    def get(self, path: str) -> Mapping[str, Any]:
        return self._checked(self.http.get(path))

    def wait_for_job(self, job_id: str) -> Mapping[str, Any]:
        def ended() -> Mapping[str, Any] | None:
            job: Mapping[str, Any] = self.get(f"/api/jobs/{job_id}")["job"]
            return job if job["status"] in {"completed", "failed", "dead_letter", "cancelled"} else None

        return wait_for(
            ended, f"job {job_id} to end", seconds=120, hint=lambda: json.dumps(self.get(f"/api/jobs/{job_id}"))
        )

    @staticmethod
    def _checked(response: httpx.Response) -> Mapping[str, Any]:
        assert response.is_success, response.text
        body: Mapping[str, Any] = response.json()
        return body


class Observer:
    """Looks into the database as its owner, and holds tables still so that a kill comes in the middle."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)

    def rows(self, statement: str) -> list[Any]:
        with self._engine.begin() as connection:
            return list(connection.execute(text(statement)).all())

    @contextmanager
    def held(self, table: str, mode: str) -> Iterator[None]:
        with self._engine.begin() as connection:
            connection.execute(text(f'LOCK TABLE "{table}" IN {mode} MODE'))
            yield

    def waits_for_table(self, table: str) -> Callable[[], list[Any]]:
        return lambda: self.rows(f"""
            SELECT pid FROM pg_locks WHERE NOT granted AND relation = '"{table}"'::regclass""")


@pytest.fixture
def observer(database: Database) -> Observer:
    return Observer(database.owner_url)


@pytest.fixture
def client(database: Database, services: Mapping[str, Service]) -> Iterator[Client]:
    done = subprocess.run(
        [sys.executable, "-m", "mailsift.api.admin", "bootstrap"],
        env={"DATABASE_URL": database.owner_url},
        capture_output=True,
        check=True,
        text=True,
    )
    made = dict(line.split("=", 1) for line in done.stdout.splitlines())
    client = Client(services["api"].environment["PORT"], made["apiKey"])
    yield client
    client.http.close()


def test_a_list_goes_through_although_a_worker_of_each_kind_is_killed_on_the_way(  # noqa: PLR0917 - fixtures
    client: Client,
    services: Mapping[str, Service],
    observer: Observer,
    rabbitmq: RabbitMQ,
    rabbitmq_url: str,
    collector: Collector,
) -> None:
    content = make_list()

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
    check_database(observer)
    check_queues(rabbitmq, rabbitmq_url)
    check_trace(collector)


def check_file(given: bytes, returned: str) -> None:
    before = list(csv.reader(io.StringIO(given.decode())))
    after = list(csv.reader(io.StringIO(returned)))
    width = len(before[0])
    assert [row[:width] for row in after] == before
    answers = [dict(zip(after[0][width:], row[width:], strict=True)) for row in after[1:]]
    status = next(name for name in after[0] if name.endswith("status"))
    assert {answer[status] for number, answer in enumerate(answers) if number % 100 != 50} == {"valid"}
    assert {answer[status] for answer in answers[50::100]} == {""}


def check_database(observer: Observer) -> None:
    assert observer.rows('SELECT count(*), count(DISTINCT "sequenceNumber") FROM "uploadEmails"') == [(ROWS, ROWS)]
    scored, summary = (
        observer.rows('SELECT count(*) FROM "advancedEmailResults"')[0][0],
        observer.rows('SELECT "processedEmails", "totalEmails", "validEmails" FROM "advancedAnalysis"')[0],
    )
    distinct = len({person for person in range(ROWS) if person % 10 != 9 and person % 100 != 50})
    assert (scored, *summary) == (distinct, distinct, distinct, distinct)
    assert observer.rows('SELECT DISTINCT status FROM "jobQueue"') == [("completed",)]


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
