"""Jobs in the words of other interfaces: their own examples, word by word, and what is refused of them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from sqlalchemy import Engine

from factories import make_tenant
from mailsift.api.admin import issue_operator_key

IMPORT = {
    "file_url": "https://storage.example.com/accounts.csv",
    "entity_type": "accounts",
    "mapping": {"Company Name": "name", "Website": "domain", "Industry": "industry"},
    "options": {"update_existing": True, "skip_duplicates": False, "batch_size": 100},
}
EXPORT = {
    "entity_type": "accounts",
    "filters": {},
    "fields": ["name", "domain", "industry"],
    "format": "csv",
    "deliver_to": "email",
}
PERSISTENT = {"type": "generate-emails", "metadata": {"params": {}}, "userId": "optional-user-id"}
VERIFY = {"emails": ["test@example.com", "user@gmail.com"], "service": "mailsso", "apiKey": "optional-api-key"}
VERIFY_JOB = {"type": "verify-emails", "metadata": {"params": {"emails": ["test@example.com", "user@gmail.com"]}}}


def fields(response: Any, code: str = "not_supported") -> list[str]:
    body = response.get_json()
    assert (response.status_code, body["code"]) == (422, code), body
    return [fault["field"] for fault in body["errors"]]


@pytest.fixture
def analysis_id(client: Any, rows: Any) -> str:
    body = {"uploadId": client.upload()["uploadId"], "analysisType": "advanced"}
    rows("UPDATE uploads SET status = 'completed'")
    made: str = client.post("/api/analyses", json=body).get_json()["analysisId"]
    rows("UPDATE analyses SET status = 'completed'")
    return made


def test_a_list_is_imported(client: Any, rows: Any) -> None:
    payload = {"file_url": "https://files.example.com/people.csv", "mapping": {"Mail": "email", "Vorname": "name"}}
    body = {"jobType": "import_csv", "payload": payload, "priority": 7}
    response = client.post("/api/jobs", json=body)
    assert response.status_code == 202, response.text
    assert list(response.get_json()) == ["job"]
    job = response.get_json()["job"]
    assert (job["jobType"], job["requestedAs"], job["status"], job["priority"]) == (
        *("file_processing", "import_csv", "pending"),
        7,
    )
    assert response.headers["Location"] == f"/api/jobs/{job['jobId']}"
    (upload,) = rows('SELECT "sourceUrl", reading, source FROM uploads')
    assert (upload["source"], upload["sourceUrl"]) == ("url", payload["file_url"])
    assert upload["reading"] == {"mapping": payload["mapping"]}
    for kind in ("import_csv", "file_processing"):
        assert [each["jobId"] for each in client.get(f"/api/jobs?jobType={kind}").get_json()["jobs"]] == [job["jobId"]]
    assert client.get("/api/jobs?jobType=export_data").get_json()["jobs"] == []


def test_what_an_import_says_that_means_nothing_here_is_refused(client: Any, rows: Any) -> None:
    assert fields(client.post("/api/jobs", json={"jobType": "import_csv", "payload": IMPORT})) == [
        *("payload.entity_type", "payload.options.update_existing", "payload.options.skip_duplicates"),
        "payload.options.batch_size",
    ]
    usual = {"entity_type": "contacts", "options": {"update_existing": False, "skip_duplicates": True}}
    for bad, field in (
        ({"file_url": "http://files.example.com/people.csv"}, "payload.file_url"),
        ({"file_url": "https://a.example/", "colour": "red"}, "payload.colour"),
        ({"file_url": "https://a.example/", "mapping": {"Mail": 1}}, "payload.mapping.Mail"),
        ({}, "payload.file_url"),
    ):
        response = client.post("/api/jobs", json={"jobType": "import_csv", "payload": {**usual, **bad}})
        assert fields(response, "validation_failed") == [field]
    assert rows('SELECT FROM "jobQueue"') == []


def test_answers_are_exported(client: Any, rows: Any, analysis_id: str) -> None:
    payload = {
        "analysis_id": analysis_id,
        "entity_type": "emails",
        "format": "excel",
        "deliver_to": "download_link",
        "filters": {"lead_status": ["high-quality"], "min_score": 90},
        "fields": ["email", "mailsift_status"],
    }
    later = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat(timespec="seconds")
    response = client.post("/api/jobs", json={"jobType": "export_data", "payload": payload, "scheduledFor": later})
    assert response.status_code == 202, response.text
    job = response.get_json()["job"]
    assert (job["jobType"], job["requestedAs"], job["waitsFor"]) == ("export", "export_data", "time")
    (export,) = rows('SELECT "fileType", options, writing FROM exports')
    assert export["fileType"] == "xlsx"
    assert export["options"] == {"leadStatus": ["high-quality"], "minScore": 90}
    assert export["writing"]["columns"] == ["email", "mailsift_status"]


def test_what_an_export_says_that_means_nothing_here_is_refused(client: Any, stranger: Any, analysis_id: str) -> None:
    def post(who: Any, **payload: Any) -> Any:
        return who.post("/api/jobs", json={"jobType": "export_data", "payload": payload})

    assert fields(post(client, **EXPORT), "validation_failed") == ["payload.analysis_id"]
    refused = post(client, analysis_id=analysis_id, **EXPORT)
    assert fields(refused) == ["payload.entity_type", "payload.deliver_to"]
    bad_filter = post(client, analysis_id=analysis_id, filters={"leadStatus": "high-quality"})
    assert fields(bad_filter, "validation_failed") == ["payload.filters.leadStatus"]
    twice = post(client, analysis_id=analysis_id, fields=["email", "email"])
    assert fields(twice, "validation_failed") == ["payload.columns"]
    assert post(stranger, analysis_id=analysis_id).status_code == 404


@pytest.mark.parametrize(
    "job_type", ["export_csv", "enrich_account", "enrich_contact", "sync_crm", "send_email_batch", "generate_report"]
)
def test_data_pipeline_jobs_that_are_none_of_ours_are_refused(client: Any, job_type: str) -> None:
    assert fields(client.post("/api/jobs", json={"jobType": job_type, "payload": {}})) == ["jobType"]


@pytest.mark.parametrize(
    "kind",
    ["generate-emails", "generate-verified-emails", "scrape-emails", "find-emails", "ai-generate", "send-emails"],
)
def test_persistent_jobs_that_are_none_of_ours_are_refused(client: Any, kind: str) -> None:
    assert fields(client.post("/api/jobs", json={**PERSISTENT, "type": kind})) == ["type"]


@pytest.mark.parametrize("path", ["/api/generate-emails-job", "/api/scrape-emails-job"])
def test_routes_for_what_is_none_of_ours_say_so(client: Any, path: str) -> None:
    for options in ({}, {"json": {"count": 10_000, "domains": ["example.com"]}}, {"data": b"x"}):
        response = client.post(path, **options)
        assert (response.status_code, response.get_json()["code"]) == (422, "not_supported")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"payload": {}},
        {"jobType": "import_csv", "type": "verify-emails", "payload": {}, "metadata": {"params": {}}},
    ],
)
def test_a_job_has_one_of_two_shapes(client: Any, body: dict[str, Any]) -> None:
    response = client.post("/api/jobs", json=body)
    assert (response.status_code, response.get_json()["code"]) == (422, "validation_failed")
    assert "jobType" in response.get_json()["detail"]


def test_faults_are_named_as_they_stand_in_either_shape(client: Any) -> None:
    assert fields(client.post("/api/jobs", json={"jobType": "x", "payload": {}, "a": 1}), "validation_failed") == [
        *("jobType", "a"),
    ]
    response = client.post("/api/jobs", json={"type": "verify-emails", "metadata": {"params": {}, "a": 1}})
    assert fields(response, "validation_failed") == ["metadata.a"]
    response = client.post("/api/jobs", json={"type": "verify-emails", "metadata": {"params": {"emails": []}}})
    assert fields(response, "validation_failed") == ["metadata.params.emails"]


def test_a_persistent_job_is_created_followed_and_read(client: Any, pump: Any) -> None:
    response = client.post("/api/jobs", json={**VERIFY_JOB, "userId": str(client.tenant.user_id)})
    body = response.get_json()
    job_id = body["jobId"]
    assert (response.status_code, body) == (
        202,
        {"success": True, "jobId": job_id, "message": "Job created successfully"},
    )
    job = client.get(f"/api/jobs/{job_id}/status").get_json()["job"]
    assert (job["type"], job["status"], job["progress"], job["resultData"]) == ("verify-emails", "pending", 0, None)
    pump.run()
    job = client.get(f"/api/jobs/{job_id}/status").get_json()["job"]
    assert (job["status"], job["progress"]) == ("completed", 100)
    url = job["resultData"].pop("resultsUrl")
    assert job["resultData"] == {"totalEmails": 2, "cachedEmails": 0}
    assert [result["emailAddress"] for result in client.get(url).get_json()["items"]] == [
        *("test@example.com", "user@gmail.com"),
    ]
    listed = client.get("/api/jobs/list?type=verify-emails&status=completed&limit=50").get_json()
    assert (listed["count"], listed["jobs"][0]["id"]) == (1, job_id)


def test_a_persistent_job_is_for_nobody_but_the_caller(client: Any, rows: Any) -> None:
    for user_id in ("optional-user-id", str(uuid.uuid4())):
        response = client.post("/api/jobs", json={**VERIFY_JOB, "userId": user_id})
        assert (response.status_code, response.get_json()["code"]) == (403, "forbidden")
    assert rows('SELECT FROM "jobQueue"') == []


def test_addresses_are_verified_in_a_job(client: Any, rows: Any) -> None:
    assert fields(client.post("/api/verify-emails-job", json=VERIFY)) == ["service"]
    # Of the key nothing is kept, not even that it was there.
    key = {"Idempotency-Key": "once"}
    response = client.post("/api/verify-emails-job", json={**VERIFY, "service": "mailsift"}, headers=key)
    body = response.get_json()
    job_id = body["jobId"]
    assert (response.status_code, body) == (
        202,
        {
            "success": True,
            "jobId": job_id,
            "streamUrl": f"/api/jobs/{job_id}/stream",
            "statusUrl": f"/api/jobs/{job_id}/status",
            "notices": ["api_key_ignored"],
        },
    )
    again = client.post("/api/verify-emails-job", json={"emails": VERIFY["emails"]}, headers=key)
    assert (again.get_json()["jobId"], again.get_json()["notices"]) == (job_id, [])
    params = {**VERIFY, "service": "mailsift"}
    message = client.post("/api/jobs", json={**VERIFY_JOB, "metadata": {"params": params}}).get_json()["message"]
    assert message == "Job created successfully; the apiKey is not needed and was not kept"
    for table in ("jobQueue", "analyses", "singleAnalysis", "idempotencyKeys", "userActivities"):
        assert "optional-api-key" not in str(rows(f'SELECT * FROM "{table}"')), table


def test_many_addresses_become_a_list(client: Any, rows: Any) -> None:
    emails = [f"user{number}@example.com" for number in range(5_000)]
    response = client.post("/api/verify-emails-job", json={"emails": emails})
    assert response.status_code == 202, response.text
    jobs = rows('SELECT "jobId"::text, "jobType", "requestedAs" FROM "jobQueue" ORDER BY "createdAt"')
    assert [(job["jobType"], job["requestedAs"]) for job in jobs] == [
        *(("file_processing", None), ("advanced_analysis", "verify-emails")),
    ]
    assert response.get_json()["jobId"] == jobs[1]["jobId"]


def end_long_ago(rows: Any, hours: int = 25) -> None:
    rows(f"""UPDATE "jobQueue" SET status = 'completed', "completedAt" = now() - interval '{hours} hours'""")


def shown(client: Any) -> int:
    total: int = client.get("/api/jobs").get_json()["pagination"]["total"]
    return total


def test_admins_clean_their_own_workspace_up(client: Any, stranger: Any, rows: Any) -> None:
    for who in (client, client, stranger):
        who.upload()
    end_long_ago(rows)
    client.upload()
    assert client.post("/api/jobs/cleanup", json={"olderThanHours": 48}).get_json()["deleted"] == 0
    assert client.post("/api/jobs/cleanup").get_json() == {"success": True, "deleted": 2, "complete": True}
    assert (shown(client), shown(stranger)) == (1, 1)
    (line,) = rows("""SELECT "activityDetails" FROM "userActivities" WHERE "activityType" = 'jobs_cleaned_up'""")
    assert line["activityDetails"] == {"jobs": 2}


def test_members_clean_nothing_up(client: Any, http: Any, owner: Engine) -> None:
    with owner.begin() as connection:
        member = type(client)(http, make_tenant(connection, "Others", "member"))
    for path, body in (("/api/jobs/cleanup", {}), ("/api/jobs", {"jobType": "cleanup_data", "payload": {}})):
        response = member.post(path, json=body)
        assert (response.status_code, response.get_json()["code"]) == (403, "forbidden")


def test_operators_clean_up_after_everybody(client: Any, stranger: Any, http: Any, owner: Engine, rows: Any) -> None:
    key = {"Authorization": f"Bearer {issue_operator_key(owner, 'ann')[1]}"}
    for who in (client, stranger):
        who.upload()
    end_long_ago(rows)
    body = {"jobType": "cleanup_data", "payload": {"olderThanHours": 24}}
    assert client.post("/api/jobs", json=body).status_code == 403
    response = http.post("/api/jobs", json=body, headers=key)
    assert (response.status_code, response.get_json()) == (200, {"success": True, "deleted": 2, "complete": True})
    assert (shown(client), shown(stranger)) == (0, 0)
    assert http.post("/api/jobs/cleanup", headers=key).get_json()["deleted"] == 0
    response = http.post("/api/jobs", json=VERIFY_JOB, headers=key)
    assert (response.status_code, response.get_json()["code"]) == (403, "forbidden")
