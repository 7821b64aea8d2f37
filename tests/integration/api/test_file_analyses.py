"""A file analysed in one request: the examples of its interface, and what becomes of it."""

from __future__ import annotations

import io
import uuid
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
from sqlalchemy import Engine

from mailsift.dispatcher.reaper import cancel_overdue
from mailsift.shared.jobs.repository import claiming, recovering
from mailsift.shared.jobs.retry import CANCELLED

LIST = b"name,email\nAnn,john@company.com\nTim,throwaway@mailinator.com\nJon,john@company.com\nEve,not an address\n"


def ask(client: Any, name: str = "test.csv", content: bytes = LIST, **more: Any) -> Any:
    headers = more.pop("headers", {})
    form = {"file": (io.BytesIO(content), name), **more}
    return client.post("/api/v1/analysis/analyze-file", data=form, headers=headers)


def stand(client: Any, job_id: str) -> dict[str, Any]:
    response = client.get(f"/api/v1/analysis/job/{job_id}")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.get_json()
    return body


@pytest.fixture
def job_id(client: Any) -> str:
    made: str = ask(client, filterOption="all").get_json()["jobId"]
    return made


def test_one_request_leads_from_the_file_to_the_workbook(client: Any, stranger: Any, pump: Any) -> None:
    response = ask(client, filterOption="all")
    assert response.status_code == 202, response.text
    started = response.get_json()
    job_id = started["jobId"]
    assert started == {
        "success": True,
        "jobId": job_id,
        "status": "processing",
        "message": "Analysis started. Use the jobId to check progress.",
    }
    assert response.headers["Location"] == f"/api/v1/analysis/job/{job_id}"
    assert stand(client, job_id) == {
        "success": True,
        "jobId": job_id,
        "status": "processing",
        "progress": 0,
        "message": "Analysis in progress",
    }
    pump.run()
    completed = stand(client, job_id)
    assert list(completed) == [
        *("success", "jobId", "status", "message", "downloadUrl", "excelFile", "dataSource", "summary"),
        *("onpageResults", "keywordMapping"),
    ]
    assert (completed["success"], completed["status"]) == (True, "completed")
    assert completed["message"] == "Analysis completed successfully"
    assert completed["downloadUrl"] == f"/api/v1/analysis/download/{completed['excelFile']}"
    assert (completed["onpageResults"], completed["keywordMapping"]) == ([], [])
    assert completed["dataSource"] == "live"
    assert (completed["summary"]["totalEmails"], completed["summary"]["exportedRows"]) == (3, 4)
    file = client.get(completed["downloadUrl"])
    sheet = openpyxl.load_workbook(io.BytesIO(file.data)).worksheets[0]
    assert [row[1] for row in sheet.iter_rows(values_only=True)] == [
        *("email", "john@company.com", "throwaway@mailinator.com", "john@company.com", "not an address")
    ]
    # The name leads to the file in this workspace only.
    for path in (completed["downloadUrl"], f"/api/v1/analysis/job/{job_id}"):
        assert stranger.get(path).status_code == 404
    for path in (completed["downloadUrl"].replace("test", "best"), "/api/v1/analysis/download/result.xlsx"):
        response = client.get(path)
        assert (response.status_code, response.get_json()["code"]) == (404, "not_found"), path
    # What is known by now is asked of nobody again; and what is recommended is less than all.
    again = ask(client, "ünïcode list.csv", filterOption="recommended").get_json()["jobId"]
    pump.run()
    completed = stand(client, again)
    assert (completed["dataSource"], completed["summary"]["exportedRows"]) == ("cache", 2)
    assert completed["excelFile"].startswith("ünïcode list-analysed-recommended-")
    assert unquote(completed["downloadUrl"]).endswith(completed["excelFile"])
    assert client.get(completed["downloadUrl"]).status_code == 200
    # Of one more domain nothing is known yet.
    partly = ask(client, content=LIST + b"Ada,ada.okafor@northwind.example\n").get_json()["jobId"]
    pump.run()
    assert stand(client, partly)["dataSource"] == "mixed"


def test_the_progress_is_that_of_all_its_jobs(client: Any, rows: Any, job_id: str) -> None:
    rows("""UPDATE "jobQueue" SET progress = 50 WHERE "jobType" = 'file_processing'""")
    assert stand(client, job_id)["progress"] == 10
    rows("""UPDATE "jobQueue" SET progress = 100 WHERE "jobType" = 'file_processing'""")
    rows("""UPDATE "jobQueue" SET progress = 50 WHERE "jobType" = 'advanced_analysis'""")
    assert stand(client, job_id)["progress"] == 50
    rows("""UPDATE "jobQueue" SET progress = 100 WHERE "jobType" <> 'export'""")
    assert stand(client, job_id)["progress"] == 80


def test_what_fails_says_why(client: Any, pump: Any) -> None:
    job_id = ask(client, content=b"name\nAnn\n").get_json()["jobId"]
    pump.run()
    failed = stand(client, job_id)
    assert list(failed) == ["success", "jobId", "status", "error"]
    assert (failed["success"], failed["status"], failed["error"]["details"]) == (False, "failed", "no_email_column")
    assert failed["error"]["message"]


def test_what_takes_too_long_is_cancelled(client: Any, rows: Any, dispatcher: Engine, job_id: str) -> None:
    limits = rows("""SELECT extract(epoch FROM "deadlineAt" - "createdAt") AS seconds FROM "jobQueue" """)
    assert [round(row["seconds"] / 10) for row in limits] == [60] * 3
    assert cancel_overdue(dispatcher) == 0
    rows("""UPDATE "jobQueue" SET "deadlineAt" = now() - interval '1 second'""")
    assert (cancel_overdue(dispatcher), cancel_overdue(dispatcher)) == (1, 0)
    assert {row["status"] for row in rows('SELECT status FROM "jobQueue"')} == {"cancelled"}
    assert stand(client, job_id) == {
        "success": False,
        "jobId": job_id,
        "status": "failed",
        "error": {"message": "Analysis timeout", "details": "timeout"},
    }


def test_who_tries_again_what_took_too_long_gives_it_all_the_time_it_takes(
    client: Any, rows: Any, dispatcher: Engine, job_id: str
) -> None:
    rows("""UPDATE "jobQueue" SET "deadlineAt" = now() - interval '1 second'""")
    cancel_overdue(dispatcher)
    (first,) = rows("""SELECT "jobId" FROM "jobQueue" WHERE "jobType" = 'file_processing'""")
    assert client.post(f"/api/jobs/{first['jobId']}/retry").status_code == 202
    assert cancel_overdue(dispatcher) == 0
    assert stand(client, job_id)["status"] == "processing"


def test_one_that_was_tried_again_since_it_was_listed_goes_on(
    client: Any, rows: Any, dispatcher: Engine, job_id: str
) -> None:
    rows("""UPDATE "jobQueue" SET "deadlineAt" = now() - interval '1 second'""")
    with dispatcher.begin() as connection:
        listed = recovering.overdue(connection)
    rows("""UPDATE "jobQueue" SET "deadlineAt" = NULL""")
    with dispatcher.begin() as connection:
        for late in listed:
            recovering.cancel_overdue(connection, late)
    assert {row["status"] for row in rows('SELECT status FROM "jobQueue"')} == {"pending"}
    assert stand(client, job_id)["status"] == "processing"


def test_a_running_job_past_its_deadline_is_asked_to_stop_once(rows: Any, dispatcher: Engine, job_id: str) -> None:
    rows(
        """UPDATE "jobQueue" SET "deadlineAt" = now() - interval '1 second' WHERE "jobType" = 'file_processing'""",
    )
    rows("""UPDATE "jobQueue" SET status = 'processing' WHERE "jobType" = 'file_processing'""")
    assert (cancel_overdue(dispatcher), cancel_overdue(dispatcher)) == (1, 0)
    (row,) = rows("""SELECT status, "cancelRequestedAt" FROM "jobQueue" WHERE "jobType" = 'file_processing'""")
    assert row["status"] == "processing"
    assert row["cancelRequestedAt"] is not None
    assert job_id


def test_what_was_stopped_while_it_ran_is_tried_again_with_all_that_follows(
    client: Any, rows: Any, dispatcher: Engine, pump: Any, job_id: str
) -> None:
    (first,) = rows("""SELECT "jobId" FROM "jobQueue" WHERE "jobType" = 'file_processing'""")
    with pump.engine.begin() as connection:
        job = claiming.claim(connection, first["jobId"], 0, "worker", 60)
    assert job is not None
    rows("""UPDATE "jobQueue" SET "deadlineAt" = now() - interval '1 second'""")
    cancel_overdue(dispatcher)
    with pump.engine.begin() as connection:
        claiming.release(connection, job.ref, CANCELLED)
    assert stand(client, job_id)["error"]["details"] == "timeout"
    assert client.post(f"/api/jobs/{first['jobId']}/retry").status_code == 202
    pump.run()
    assert stand(client, job_id)["status"] == "completed"


def test_after_a_day_it_has_expired(client: Any, rows: Any, job_id: str) -> None:
    rows("""UPDATE "jobQueue" SET "createdAt" = now() - interval '24 hours'""")
    response = client.get(f"/api/v1/analysis/job/{job_id}")
    assert (response.status_code, response.get_json()["code"]) == (404, "job_expired")


def test_other_jobs_are_no_analyses_of_a_file(client: Any) -> None:
    for job_id in (client.upload()["jobId"], str(uuid.uuid4())):
        response = client.get(f"/api/v1/analysis/job/{job_id}")
        assert (response.status_code, response.get_json()["code"]) == (404, "not_found")


def test_what_is_no_such_form_is_refused(client: Any, rows: Any) -> None:
    refused = {
        "unsupported_media_type": client.post("/api/v1/analysis/analyze-file", json={}),
        "validation_failed": ask(client, filterOption="some"),
        "empty_file": ask(client, content=b""),
    }
    for code, response in refused.items():
        assert response.get_json()["code"] == code
    assert [fault["field"] for fault in refused["validation_failed"].get_json()["errors"]] == ["filterOption"]
    assert ask(client, colour="red").status_code == 422
    assert rows('SELECT FROM "jobQueue"') == []


def test_the_same_file_with_the_same_key_is_analysed_once(client: Any, rows: Any) -> None:
    key = {"Idempotency-Key": "k"}
    first, second = ask(client, headers=key), ask(client, headers=key)
    assert second.get_json() == first.get_json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(rows('SELECT FROM "jobQueue"')) == 3
