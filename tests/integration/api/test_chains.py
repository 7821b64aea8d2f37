"""A step that begins when the one before it has completed: upload, analysis, export."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

from factories import Tenant
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.repository.requesting import NewAnalysis, Requester, Turn, open_analysis
from pump import Pump

LIST = b"name,email\nAnn,john@company.com\n"


def part(name: str, content: bytes, file_name: str | None = None) -> bytes:
    file_name = f'; filename="{file_name}"' if file_name else ""
    return f'--limit\r\nContent-Disposition: form-data; name="{name}"{file_name}\r\n\r\n'.encode() + content + b"\r\n"


def form(*parts: bytes) -> dict[str, Any]:
    return {"data": b"".join(parts) + b"--limit--\r\n", "content_type": "multipart/form-data; boundary=limit"}


FILE = part("file", LIST, "leads.csv")
WHOLE = "analysisType=advanced&exportType=jsonl"
CSV = {"headers": {"Content-Type": "text/csv"}, "data": LIST}


def job_of(client: Any, accepted: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/jobs/{accepted['jobId']}").get_json()["job"]
    return found


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", form(FILE, part("analysisType", b"advanced"), part("exportType", b"jsonl"))),
        ("", form(part("exportType", b"jsonl"), part("analysisType", b"advanced"), FILE)),
        ("?exportType=jsonl", form(part("analysisType", b"advanced"), FILE)),
        (f"?{WHOLE}", form(FILE)),
        (f"?{WHOLE}&fileName=leads.csv", CSV),
        (f"?{WHOLE}", {"json": {"emails": ["john@company.com"], "fileName": "leads.csv"}}),
    ],
)
def test_one_request_asks_for_the_reading_the_analysis_and_the_file(
    client: Any, rows: Any, query: str, options: Any
) -> None:
    response = client.post(f"/api/uploads{query}", **options)
    assert response.status_code == 202, response.text
    body = response.get_json()
    assert body["analysis"].keys() == {"analysisId", "jobId", "statusUrl", "streamUrl"}
    assert body["export"]["fileName"] == "leads-analysed.jsonl"
    assert body["export"]["downloadUrl"] == f"/api/exports/{body['export']['exportId']}/download"
    reading, analysis, file = (job_of(client, accepted) for accepted in (body, body["analysis"], body["export"]))
    assert (analysis["analysisId"], file["exportId"]) == (body["analysis"]["analysisId"], body["export"]["exportId"])
    assert [(job["status"], job["afterJobId"], job["waitsFor"]) for job in (reading, analysis, file)] == [
        ("pending", None, "worker"),
        ("pending", body["jobId"], "job"),
        ("pending", body["analysis"]["jobId"], "job"),
    ]
    status = client.get(body["export"]["statusUrl"]).get_json()["job"]
    assert (status["status"], status["metadata"]["waitsFor"]) == ("pending", "job")
    noted = {row["activityType"] for row in rows('SELECT * FROM "userActivities"')}
    assert noted == {"file_upload", "analysis_requested", "export_requested"}


@pytest.mark.parametrize(
    ("query", "options"),
    [
        (f"?{WHOLE}&scoring=%7B%22weights%22%3A%7B%22role_account%22%3A0%7D%7D", CSV),
        (f"?{WHOLE}", form(FILE, part("scoring", b'{"weights": {"role_account": 0}}'))),
        (f"?{WHOLE}", {"json": {"emails": ["john@company.com"], "scoring": {"weights": {"role_account": 0}}}}),
    ],
    ids=["query", "form", "json"],
)
def test_the_analysis_of_a_chain_is_weighed_as_the_request_says(client: Any, query: str, options: Any) -> None:
    client.call("PUT", "/api/scoring", json={"weights": {"role_account": -50, "free_provider": -20}})
    response = client.post(f"/api/uploads{query}", **options)
    assert response.status_code == 202, response.text
    analysis = client.get(f"/api/analyses/{response.get_json()['analysis']['analysisId']}").get_json()
    assert analysis["scoring"]["weights"] == {"free_provider": -20, "role_account": 0}


def test_the_file_comes_out_at_the_end_of_the_chain(client: Any, pump: Pump) -> None:
    body = client.post("/api/uploads", **form(FILE, part("analysisType", b"advanced"), part("exportType", b"csv")))
    export = body.get_json()["export"]
    pump.run()
    assert client.get(export["statusUrl"]).get_json()["job"]["status"] == "completed"
    header, row = client.get(export["downloadUrl"]).text.splitlines()
    assert header.startswith("name,email,")
    assert row.startswith("Ann,john@company.com,")


OPTIONS = {
    "filterOption": "rejected",
    "filters": {"maxScore": 99},
    "sort": "-score",
    "columns": ["mailsift_status", "email"],
    "rename": {"email": "Mail"},
    "compression": "gzip",
    "bom": True,
}


@pytest.mark.parametrize("where", ["query", "form", "json"])
def test_what_the_file_is_to_have_is_said_with_the_upload(client: Any, rows: Any, where: str) -> None:
    said = json.dumps(OPTIONS)
    wanted = "analysisType=advanced&exportType=csv"
    response = {
        "query": lambda: client.post(f"/api/uploads?{wanted}&exportOptions={quote(said)}&fileName=leads.csv", **CSV),
        "form": lambda: client.post(f"/api/uploads?{wanted}", **form(part("exportOptions", said.encode()), FILE)),
        "json": lambda: client.post(
            f"/api/uploads?{wanted}",
            json={"emails": ["john@company.com"], "fileName": "leads.csv", "exportOptions": OPTIONS},
        ),
    }[where]()
    assert response.status_code == 202, response.text
    assert response.get_json()["export"]["fileName"] == "leads-analysed-rejected.csv.gz"
    assert rows("SELECT options, writing FROM exports") == [
        {
            "options": {"filterOption": "rejected", "maxScore": 99, "order": "-score"},
            "writing": {
                "columns": ["mailsift_status", "email"],
                "rename": {"email": "Mail"},
                "compression": "gzip",
                "bom": True,
            },
        }
    ]


def test_single_requests_need_not_wait_for_each_other(client: Any, pump: Pump) -> None:
    upload = client.upload(LIST)
    body = {"analysisType": "advanced", "uploadId": upload["uploadId"]}
    analysis = client.post("/api/analyses", json=body)
    assert analysis.status_code == 202, analysis.text
    export = client.post("/api/exports", json={"analysisId": analysis.get_json()["analysisId"]})
    assert export.status_code == 202, export.text
    assert job_of(client, analysis.get_json())["afterJobId"] == upload["jobId"]
    assert job_of(client, export.get_json())["afterJobId"] == analysis.get_json()["jobId"]
    pump.run()
    assert client.get(export.get_json()["downloadUrl"]).status_code == 200


def test_a_step_whose_subject_has_completed_waits_for_nobody(client: Any, rows: Any) -> None:
    upload = client.upload()
    rows("UPDATE uploads SET status = 'completed'")
    body = {"analysisType": "advanced", "uploadId": upload["uploadId"]}
    job = job_of(client, client.post("/api/analyses", json=body).get_json())
    assert (job["afterJobId"], job["waitsFor"]) == (None, "worker")


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_of_what_ended_badly_nothing_can_be_made(client: Any, rows: Any, status: str) -> None:
    upload = client.post(f"/api/uploads?{WHOLE}", **CSV).get_json()
    rows("UPDATE uploads SET status = :status", status=status)
    rows("UPDATE analyses SET status = :status", status=status)
    refused = client.post("/api/analyses", json={"analysisType": "advanced", "uploadId": upload["uploadId"]})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "upload_not_ready")
    refused = client.post("/api/exports", json={"analysisId": upload["analysis"]["analysisId"]})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "analysis_not_ready")


def test_a_job_that_fails_while_a_request_looks_refuses_it(client: Any, rows: Any) -> None:
    upload = client.upload()
    rows("""UPDATE "jobQueue" SET status = 'failed'""")
    refused = client.post("/api/analyses", json={"analysisType": "advanced", "uploadId": upload["uploadId"]})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "upload_not_ready")
    assert rows("SELECT FROM analyses") == []


def test_a_chain_is_cancelled_from_the_step_that_is(client: Any) -> None:
    body = client.post(f"/api/uploads?{WHOLE}", **CSV).get_json()
    assert client.post(f"/api/jobs/{body['jobId']}/cancel").status_code == 200
    for accepted in (body["analysis"], body["export"]):
        job = job_of(client, accepted)
        assert (job["status"], job["errorCode"]) == ("cancelled", "prerequisite_failed")
        assert job["afterJobId"]
        assert job["waitsFor"] is None


def test_a_step_is_not_tried_again_before_the_one_it_follows(client: Any, pump: Pump) -> None:
    body = client.post(f"/api/uploads?{WHOLE}", **CSV).get_json()
    client.post(f"/api/jobs/{body['jobId']}/cancel")
    refused = client.post(f"/api/jobs/{body['analysis']['jobId']}/retry")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "job_not_retryable")
    assert body["jobId"] in refused.get_json()["detail"]
    assert client.post(f"/api/jobs/{body['jobId']}/retry").status_code == 202
    pump.run()
    assert client.get(body["export"]["downloadUrl"]).status_code == 200


@pytest.mark.parametrize(
    ("query", "options", "field"),
    [
        ("?exportType=csv", CSV, "exportType"),
        ("?exportType=csv", {"json": {"emails": ["a@example.com"]}}, "exportType"),
        ("?exportType=csv", form(FILE), "exportType"),
        ("", form(FILE, part("exportType", b"csv")), "exportType"),
        ("?analysisType=single", CSV, "analysisType"),
        ("?analysisType=", CSV, "analysisType"),
        ("?analysisType=advanced&exportType=pdf", CSV, "exportType"),
        ("", form(FILE, part("analysisType", b"quick")), "analysisType"),
        ("", form(part("analysisType", b"quick"), FILE), "analysisType"),
        (f"?{WHOLE}&exportOptions=x", CSV, "exportOptions"),
        (f"?{WHOLE}&exportOptions=%7B%22bom%22%3Atrue%7D", CSV, "exportOptions"),  # of JSON Lines
        (f"?{WHOLE}", form(FILE, part("exportOptions", b'{"sort": "name"}')), "exportOptions.sort"),
        (f"?{WHOLE}", form(FILE, part("exportOptions", b'{"partial": true}')), "exportOptions.partial"),
        ("?analysisType=advanced", form(FILE, part("exportOptions", b"{}")), "exportOptions"),
        ("", form(FILE, part("afterJobId", b"1")), "afterJobId"),
        ("", form(FILE, part("priority", b"11")), "priority"),
        ("", form(FILE, part("scheduledFor", b"9000-01-01T00:00:00Z")), "scheduledFor"),
        ("?analysisType=advanced", form(FILE, part("analysisType", b"advanced")), "analysisType"),
        ("", form(FILE, part("fileName", b"a\nb.csv")), "fileName"),
        ("?afterJobId=1", CSV, "afterJobId"),
        ("?scoring=%7B%7D", CSV, "scoring"),
        ("?analysisType=bulk&scoring=high", CSV, "scoring"),
        ("?analysisType=bulk", form(FILE, part("scoring", b'{"weights": {"null_mx": 0}}')), "scoring.weights.null_mx"),
    ],
)
def test_what_is_to_follow_is_checked_and_nothing_is_kept(  # noqa: PLR0917 - fixtures and a table
    client: Any, rows: Any, stored_objects: Callable[[], list[Path]], query: str, options: Any, field: str
) -> None:
    response = client.post(f"/api/uploads{query}", **options)
    assert response.status_code == 422, response.text
    assert {fault["field"] for fault in response.get_json()["errors"]} == {field}
    assert rows("SELECT FROM uploads") == rows('SELECT FROM "jobQueue"') == stored_objects() == []


def test_a_form_may_name_its_file_in_a_field(client: Any, rows: Any) -> None:
    assert client.post("/api/uploads", **form(FILE, part("fileName", "Läds.csv".encode()))).status_code == 202
    assert rows('SELECT "fileName" FROM uploads') == [{"fileName": "Läds.csv"}]


def test_what_is_to_follow_is_part_of_the_request_that_a_key_names(client: Any, rows: Any) -> None:
    key = {"Idempotency-Key": "chain"}
    first = client.post(f"/api/uploads?{WHOLE}", **form(FILE), headers=key)
    again = client.post("/api/uploads?exportType=jsonl", **form(FILE, part("analysisType", b"advanced")), headers=key)
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(rows('SELECT FROM "jobQueue"')) == 3
    other = client.post("/api/uploads?analysisType=advanced", **form(FILE), headers=key)
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_key_reused")


def test_no_job_waits_for_one_of_another_tenant(client: Any, stranger: Any, api: Engine, rows: Any) -> None:
    theirs = stranger.upload()
    mine: Tenant = client.tenant
    upload_id = uuid.UUID(client.upload()["uploadId"])
    who = Requester(mine.workspace_id, mine.user_id, "trace")
    with (
        pytest.raises(PermanentError) as refused,
        tenant_transaction(api, mine.workspace_id) as connection,
    ):
        open_analysis(connection, who, NewAnalysis(upload_id), Turn(after_job_id=uuid.UUID(theirs["jobId"])))
    assert refused.value.code == "no_such_job"
    assert rows("SELECT FROM analyses") == []
    assert rows('SELECT DISTINCT "hasFollowers" AS has FROM "jobQueue"') == [{"has": False}]
