from __future__ import annotations

import json
import threading
import uuid
from typing import Any

import pytest
from sqlalchemy import Engine, text

from engines import waiting_for_locks
from mailsift.api.deps import Deps
from mailsift.ingest.batching import BatchLimits
from mailsift.ingest.handlers import IngestDeps, process_file
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.repository.queueing import retry
from processes import wait_for
from pump import Pump

LIST = b"name;Mail\nAnn;ann@example.com\n"
FORM = "multipart/form-data; boundary=limit"


def preview(client: Any, more: str = "") -> dict[str, Any]:
    response = client.post(f"/api/uploads?preview=true{more}", data=LIST, content_type="text/csv")
    assert response.status_code == 202, response.text
    body: dict[str, Any] = response.get_json()
    return body


@pytest.fixture
def seen(client: Any, rows: Any) -> dict[str, Any]:
    """A preview whose beginning has been read."""
    uploaded = preview(client, "&delimiter=semicolon&encoding=latin1")
    end(rows, "completed")
    return uploaded


def end(rows: Any, status: str) -> None:
    rows('UPDATE "jobQueue" SET status = :status, "completedAt" = now()', status=status)
    rows("""UPDATE uploads SET preview = '{}', detection = '[]', "errorCode" = 'x', "completedAt" = now(),
        format = 'csv', encoding = 'cp1252', delimiter = ';', "hasHeader" = true, "columnNames" = '{name,Mail}',
        "emailColumn" = 1, "emailColumns" = '{1}'""")


def fields(**said: str) -> dict[str, Any]:
    parts = {"file": ('; filename="a.csv"', LIST), **{name: ("", value.encode()) for name, value in said.items()}}
    body = b"".join(
        f'--limit\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"
        for name, (more, value) in parts.items()
    )
    return {"data": body + b"--limit--\r\n", "content_type": FORM}


def test_a_preview_is_stored_and_waits(client: Any, rows: Any) -> None:
    body = preview(client)
    (upload,) = rows("SELECT * FROM uploads")
    assert (str(upload["uploadId"]), upload["status"]) == (body["uploadId"], "preview")
    (job,) = rows('SELECT * FROM "jobQueue"')
    assert (str(job["jobId"]), job["jobType"], job["payload"]["preview"]) == (body["jobId"], "file_processing", True)
    assert client.get(f"/api/uploads/{body['uploadId']}").get_json()["status"] == "preview"


@pytest.mark.parametrize("how", ["query", "form"])
def test_how_to_read_a_list_is_said_beside_it_and_shown(client: Any, how: str) -> None:
    said = {"delimiter": ";", "hasHeader": "true", "emailColumns": "Mail,3", "mapping": json.dumps({"name": "first"})}
    if how == "form":
        response = client.post("/api/uploads", **fields(**said))
    else:
        response = client.post("/api/uploads", query_string=said, data=LIST, content_type="text/csv")
    assert response.status_code == 202, response.text
    shown = client.get(f"/api/uploads/{response.get_json()['uploadId']}").get_json()
    assert shown["reading"] == {
        "delimiter": ";",
        "hasHeader": True,
        "emailColumns": ["Mail", "3"],
        "mapping": {"name": "first"},
    }


def test_addresses_in_json_say_what_follows_in_the_body_and_not_how_to_read_them(client: Any, rows: Any) -> None:
    body = {"emails": ["a@example.com"], "analysisType": "advanced", "priority": 3}
    assert client.post("/api/uploads", json=body).get_json()["analysis"]
    assert client.post("/api/uploads", json={"emails": ["a@example.com"], "preview": True}).status_code == 202
    assert {row["status"] for row in rows("SELECT status FROM uploads")} == {"pending", "preview"}
    for refused, field in (({"hasHeader": True}, "emails"), ({"priority": 11}, "priority")):
        response = client.post("/api/uploads", json={"emails": ["a@example.com"], **refused})
        assert (response.status_code, response.get_json()["errors"][0]["field"]) == (422, field)
    twice = client.post("/api/uploads?priority=1", json=body)
    assert (twice.status_code, twice.get_json()["errors"][0]["field"]) == (422, "priority")


def test_what_cannot_be_meant_is_refused_before_anything_is_kept(client: Any, rows: Any) -> None:
    for query in ("delimiter=ab", "encoding=klingon", "emailColumns=", "preview=true&analysisType=advanced"):
        response = client.post(f"/api/uploads?{query}", data=LIST, content_type="text/csv")
        assert (response.status_code, response.get_json()["code"]) == (422, "validation_failed"), query
    response = client.post("/api/uploads", **fields(delimiter="ab"))
    assert (response.status_code, response.get_json()["errors"][0]["field"]) == (422, "delimiter")
    assert rows("SELECT * FROM uploads") == []


def test_a_start_makes_an_upload_of_a_preview_with_corrections(client: Any, rows: Any, seen: Any) -> None:
    response = client.post(
        f"/api/uploads/{seen['uploadId']}/start",
        json={"encoding": None, "emailColumns": [2], "analysisType": "advanced", "exportType": "csv", "priority": 4},
    )
    assert response.status_code == 202, response.text
    started = response.get_json()
    assert response.headers["Location"] == f"/api/uploads/{seen['uploadId']}"
    assert (started["uploadId"], started["export"]["fileName"]) == (seen["uploadId"], "upload-analysed.csv")
    assert started["jobId"] != seen["jobId"]
    (upload,) = rows("SELECT * FROM uploads")
    assert (upload["status"], upload["reading"]) == ("pending", {"delimiter": ";", "emailColumns": [2]})
    for name in ("preview", "detection", "errorCode", "startedAt", "completedAt"):
        assert upload[name] is None
    for name in ("format", "encoding", "delimiter", "hasHeader", "columnNames", "emailColumn", "emailColumns"):
        assert upload[name] is None
    jobs = rows('SELECT "jobType", priority, payload FROM "jobQueue" WHERE status = \'pending\' ORDER BY "createdAt"')
    assert [job["jobType"] for job in jobs] == ["file_processing", "advanced_analysis", "export"]
    assert {job["priority"] for job in jobs} == {4}
    assert "preview" not in jobs[0]["payload"]
    assert client.get(f"/api/uploads/{seen['uploadId']}").get_json()["jobId"] == started["jobId"]
    assert rows("""SELECT * FROM "userActivities" WHERE "activityType" = 'upload_started'""")


@pytest.mark.parametrize("options", [{}, {"json": {}}, {"data": b"", "content_type": "application/json"}])
def test_a_start_needs_no_body(client: Any, rows: Any, seen: Any, options: dict[str, Any]) -> None:
    response = client.post(f"/api/uploads/{seen['uploadId']}/start", **options)
    assert response.status_code == 202, response.text
    assert rows("SELECT reading FROM uploads")[0]["reading"] == {"delimiter": ";", "encoding": "iso8859-1"}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"json": {"delimiter": "ab"}}, "validation_failed"),
        ({"json": {"exportType": "csv"}}, "validation_failed"),
        ({"json": {"preview": True}}, "validation_failed"),
        ({"json": []}, "validation_failed"),
        ({"data": b"{", "content_type": "application/json"}, "malformed_body"),
        ({"data": b"delimiter=,", "content_type": "text/plain"}, "unsupported_media_type"),
    ],
)
def test_a_start_that_cannot_be_meant_leaves_the_preview(
    client: Any, rows: Any, seen: Any, options: dict[str, Any], code: str
) -> None:
    response = client.post(f"/api/uploads/{seen['uploadId']}/start", **options)
    assert response.get_json()["code"] == code
    assert rows("SELECT status FROM uploads")[0]["status"] == "preview"


def test_a_preview_that_is_still_looked_at_cannot_be_started(client: Any, rows: Any) -> None:
    uploaded = preview(client)
    for status in ("pending", "processing"):
        rows('UPDATE "jobQueue" SET status = :status', status=status)
        response = client.post(f"/api/uploads/{uploaded['uploadId']}/start")
        assert (response.status_code, response.get_json()["code"]) == (409, "preview_not_ready")
        assert response.headers["Retry-After"]


def test_an_upload_is_started_once_and_the_same_request_gets_the_same_answer(client: Any, rows: Any, seen: Any) -> None:
    path, key = f"/api/uploads/{seen['uploadId']}/start", {"Idempotency-Key": "start-1"}
    first = client.post(path, json={"delimiter": ";"}, headers=key)
    again = client.post(path, json={"delimiter": ";"}, headers=key)
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(rows("""SELECT * FROM "jobQueue" WHERE status = 'pending'""")) == 1
    other = client.post(path, json={"delimiter": ","}, headers=key)
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_key_reused")
    second = client.post(path)
    assert (second.status_code, second.get_json()["code"]) == (409, "not_a_preview")


def test_what_never_was_a_preview_cannot_be_started(client: Any) -> None:
    response = client.post(f"/api/uploads/{client.upload()['uploadId']}/start")
    assert (response.status_code, response.get_json()["code"]) == (409, "not_a_preview")


def test_a_preview_that_failed_can_be_started_with_corrections_and_its_job_never_comes_back(
    client: Any, rows: Any, seen: Any
) -> None:
    end(rows, "failed")
    response = client.post(f"/api/uploads/{seen['uploadId']}/start", json={"encoding": "utf-16"})
    assert response.status_code == 202, response.text
    assert client.post(f"/api/jobs/{seen['jobId']}/retry").status_code == 404
    assert rows("SELECT status FROM uploads")[0]["status"] == "pending"


def test_a_start_waits_for_a_retry_of_the_job_that_looked_and_is_then_put_off(
    client: Any, rows: Any, seen: Any, worker: Engine
) -> None:
    end(rows, "failed")
    answers: list[Any] = []
    path = f"/api/uploads/{seen['uploadId']}/start"
    starting = threading.Thread(target=lambda: answers.append(client.post(path).get_json()["code"]))
    with worker.begin() as connection:
        # As a retry begins.
        connection.execute(
            text('SELECT FROM "jobQueue" WHERE "jobId" = :job_id FOR NO KEY UPDATE'), {"job_id": seen["jobId"]}
        )
        starting.start()
        wait_for(lambda: waiting_for_locks(worker) == 1, "the start to wait for the job's row")
        assert retry(connection, uuid.UUID(seen["jobId"]))
    starting.join()
    assert answers == ["preview_not_ready"]
    assert rows("SELECT status FROM uploads")[0]["status"] == "preview"


def test_a_list_is_looked_at_corrected_and_loaded(client: Any, parts: Deps, rows: Any, worker: Engine) -> None:
    ingest = IngestDeps(parts.storage, BatchLimits())
    pump = Pump(worker, {JobType.FILE_PROCESSING: lambda lease: process_file(ingest, lease)})
    content = b"Ann;ann@example.com;a@example.org\nBob;bob@example.com;b@example.org\n"
    seen = client.post("/api/uploads?preview=true", data=content, content_type="text/csv").get_json()
    pump.run()
    path = f"/api/uploads/{seen['uploadId']}"
    shown = client.get(path).get_json()
    assert (shown["status"], shown["emailColumns"], shown["preview"]["rowsRead"]) == ("preview", [2, 3], 2)
    assert {finding["confidence"] for finding in shown["detection"] if finding["what"] == "emailColumns"} == {1.0}
    assert rows('SELECT * FROM "uploadEmails"') == []

    corrections = {"emailColumns": [3], "keepColumns": [1], "mapping": {"1": "name"}}
    assert client.post(f"{path}/start", json=corrections).status_code == 202
    pump.run()
    shown = client.get(path).get_json()
    assert (shown["status"], shown["totalEmails"], shown["preview"]) == ("completed", 2, None)
    assert (shown["columnNames"], shown["emailColumns"]) == (["name", "column_3"], [2])
    assert [finding["evidence"] for finding in shown["detection"] if finding["what"] == "emailColumns"] == ["as asked"]
    loaded = rows('SELECT "emailAddress", columns FROM "uploadEmails" ORDER BY "sequenceNumber"')
    assert loaded[0] == {"emailAddress": "a@example.org", "columns": ["Ann", "a@example.org"]}


def test_a_preview_can_be_neither_analysed_nor_scheduled(client: Any, seen: Any) -> None:
    body = {"analysisType": "advanced", "uploadId": seen["uploadId"]}
    response = client.post("/api/analyses", json=body)
    assert (response.status_code, response.get_json()["code"]) == (409, "upload_not_ready")
    schedule = {"name": "daily", "cron": "@daily", "uploadId": seen["uploadId"]}
    response = client.post("/api/schedules", json=schedule)
    assert (response.status_code, response.get_json()["code"]) == (409, "upload_not_ready")
