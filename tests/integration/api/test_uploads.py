from __future__ import annotations

import csv
import hashlib
import io
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from mailsift.api.actions.rejecting import PAGE
from mailsift.api.deps import Deps

LIST = b"name,email\nAnn,ann@example.com\n"


def part(content: bytes, field: str, name: str | None = None) -> bytes:
    file_name = f'; filename="{name}"' if name else ""
    return f'--limit\r\nContent-Disposition: form-data; name="{field}"{file_name}\r\n\r\n'.encode() + content + b"\r\n"


def form(content: bytes = LIST, name: str = "leads.csv", field: str = "file", more: bytes = b"") -> dict[str, Any]:
    body = part(content, field, name) + more + b"--limit--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=limit"}


def test_a_form_is_stored_and_queued_in_one_step(client: Any, parts: Deps, rows: Any) -> None:
    response = client.post("/api/uploads", **form())
    assert response.status_code == 202, response.text
    body = response.get_json()
    assert response.headers["Location"] == f"/api/uploads/{body['uploadId']}"
    assert body["statusUrl"] == f"/api/jobs/{body['jobId']}/status"
    assert body["streamUrl"] == f"/api/jobs/{body['jobId']}/stream"

    (upload,) = rows("SELECT * FROM uploads")
    assert upload["fileName"] == "leads.csv"
    assert upload["uploadType"] == "bulk"
    assert upload["fileSize"] == len(LIST)
    assert upload["sha256"] == hashlib.sha256(LIST).hexdigest()
    assert upload["storageKey"] == f"uploads/{client.tenant.workspace_id}/{body['uploadId']}"
    assert parts.storage.open(upload["storageKey"]).read() == LIST

    (job,) = rows('SELECT * FROM "jobQueue"')
    assert (str(job["jobId"]), job["jobType"], job["status"]) == (body["jobId"], "file_processing", "pending")
    (activity,) = rows('SELECT * FROM "userActivities"')
    assert (activity["activityType"], activity["entityType"]) == ("file_upload", "upload")
    assert str(activity["entityId"]) == body["uploadId"]


def test_a_raw_body_is_taken_as_the_file(client: Any, rows: Any) -> None:
    client.upload(LIST, **{"Content-Disposition": 'attachment; filename="raw.csv"'})
    response = client.post("/api/uploads?fileName=named.csv", data=LIST, content_type="application/octet-stream")
    assert response.status_code == 202
    client.upload(LIST)
    assert {row["fileName"] for row in rows("SELECT * FROM uploads")} == {"raw.csv", "named.csv", "upload"}


def test_addresses_in_json_become_a_file_of_one_column(client: Any, parts: Deps, rows: Any) -> None:
    response = client.post("/api/uploads", json={"emails": ["a@example.com", "ü@example.com"]})
    assert response.status_code == 202
    (upload,) = rows("SELECT * FROM uploads")
    assert (upload["fileName"], upload["uploadType"]) == ("addresses.txt", "single")
    assert parts.storage.open(upload["storageKey"]).read() == "a@example.com\nü@example.com\n".encode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"emails": []}, "emails"),
        ({"emails": ["a@example.com\nb@example.com"]}, "emails.0"),
        ({"emails": ["\ud800@example.com"]}, "emails.0"),
        ({"emails": ["a@example.com"], "list": 1}, "list"),
        ({"emails": "a@example.com"}, "emails"),
        ([], ""),
    ],
)
def test_a_bad_list_names_the_field(client: Any, body: Any, field: str) -> None:
    response = client.post("/api/uploads", json=body)
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] == field


@pytest.mark.parametrize("options", [{"data": b"", "content_type": "text/csv"}, form(b"")])
def test_an_empty_file_is_refused_and_nothing_kept(
    client: Any, rows: Any, stored_objects: Callable[[], list[Path]], options: dict[str, Any]
) -> None:
    response = client.post("/api/uploads", **options)
    assert (response.status_code, response.get_json()["code"]) == (422, "empty_file")
    assert rows("SELECT * FROM uploads") == []
    assert stored_objects() == []


@pytest.mark.parametrize("options", [{"data": b"x" * 1_000_001, "content_type": "text/csv"}, form(b"x" * 1_000_001)])
def test_a_file_over_the_limit_is_refused_and_nothing_kept(
    client: Any, stored_objects: Callable[[], list[Path]], options: dict[str, Any]
) -> None:
    response = client.post("/api/uploads", **options)
    assert (response.status_code, response.get_json()["code"]) == (413, "upload_too_large")
    assert stored_objects() == []


def test_a_file_at_the_limit_is_taken(client: Any) -> None:
    assert client.post("/api/uploads", **form(b"x" * 1_000_000)).status_code == 202


@pytest.mark.parametrize(
    "options",
    [
        form(field="list"),
        form(more=part(b"x", "comment")),
        form(more=part(LIST, "file", "b.csv")),
        {"data": part(b"x", "comment") + b"--limit--\r\n", "content_type": "multipart/form-data; boundary=limit"},
    ],
)
def test_a_form_has_one_field(client: Any, stored_objects: Callable[[], list[Path]], options: dict[str, Any]) -> None:
    response = client.post("/api/uploads", **options)
    assert (response.status_code, response.get_json()["code"]) == (422, "validation_failed")
    assert stored_objects() == []


def test_a_form_that_is_cut_short_is_refused(client: Any, stored_objects: Callable[[], list[Path]]) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nabc'
    response = client.post("/api/uploads", data=body, content_type="multipart/form-data; boundary=b")
    assert (response.status_code, response.get_json()["code"]) == (400, "malformed_body")
    assert stored_objects() == []


def test_a_folder_in_a_file_name_is_dropped(client: Any, rows: Any) -> None:
    client.post("/api/uploads", **form(name="../../etc/leads.csv"))
    assert rows("SELECT * FROM uploads")[0]["fileName"] == "leads.csv"


def test_an_upload_reads_back(client: Any, rows: Any) -> None:
    body = client.upload()
    shown = client.get(f"/api/uploads/{body['uploadId']}").get_json()
    assert shown["jobId"] == body["jobId"]
    assert (shown["status"], shown["totalEmails"], shown["emails"]) == ("pending", 0, None)
    rows("""UPDATE uploads SET status = 'failed', "errorCode" = 'no_email_column', "errorMessage" = 'none found'""")
    shown = client.get(f"/api/uploads/{body['uploadId']}").get_json()
    assert (shown["status"], shown["errorCode"], shown["errorMessage"]) == ("failed", "no_email_column", "none found")


def test_columns_are_shown_by_the_numbers_by_which_they_are_asked_for(client: Any, rows: Any) -> None:
    upload_id = client.upload()["uploadId"]
    assert client.get("/api/uploads").get_json()["items"][0]["emailColumns"] is None
    rows("""UPDATE uploads SET "emailColumns" = '{0,3}'""")
    assert client.get(f"/api/uploads/{upload_id}").get_json()["emailColumns"] == [1, 4]
    assert client.get("/api/uploads").get_json()["items"][0]["emailColumns"] == [1, 4]


def test_uploads_come_in_pages_from_the_newest(client: Any) -> None:
    ids = [client.upload()["uploadId"] for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    page: dict[str, Any] = {}
    for size in (2, 2, 1):
        page = client.get(f"/api/uploads?limit=2{cursor}").get_json()
        assert len(page["items"]) == size
        seen += [item["uploadId"] for item in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert page["next"] is None
    assert seen == ids[::-1]


def test_columns_and_addresses_are_shown_of_one_upload_only(client: Any, parts: Deps, rows: Any) -> None:
    upload_id = client.upload()["uploadId"]
    rows("""UPDATE uploads SET "columnNames" = '{name,email}', emails = '[{"email": "a@example.com"}]'""")
    shown = client.get(f"/api/uploads/{upload_id}").get_json()
    assert (shown["columnNames"], shown["emails"]) == (["name", "email"], [{"email": "a@example.com"}])
    read: list[str] = []
    event.listen(parts.engine, "before_cursor_execute", lambda *call: read.append(call[2]))
    (listed,) = client.get("/api/uploads").get_json()["items"]
    assert shown.keys() - listed.keys() == {"columnNames", "emails", "reading", "detection", "preview"}
    assert any("FROM uploads" in statement for statement in read)
    heavy = ("columnNames", "uploads.emails", "uploads.preview", "uploads.detection")
    assert not any(column in statement for statement in read for column in heavy)


def test_uploads_over_the_cap_are_put_off_before_a_byte_is_read(client: Any, parts: Deps) -> None:
    own = client.tenant.workspace_id
    while parts.upload_places.take(own):
        pass
    assert parts.upload_places.take(uuid.uuid4()), "one workspace takes not more than its share"
    body = io.BytesIO(LIST)
    response = client.post("/api/uploads", input_stream=body, content_length=len(LIST), content_type="text/csv")
    assert (response.status_code, response.get_json()["code"]) == (503, "too_many_uploads")
    assert (response.headers["Retry-After"], body.tell()) == ("5", 0)
    for content in (b'{"emails": ["a@example.com"]}', b'{"url": "https://files.example/a.csv"}', b"{"):
        body = io.BytesIO(content)
        response = client.post(
            "/api/uploads", input_stream=body, content_length=len(content), content_type="application/json"
        )
        assert (response.get_json()["code"], body.tell()) == ("too_many_uploads", 0)
    parts.upload_places.free(own)
    assert client.post("/api/uploads", **form(b"")).status_code == 422
    assert client.upload(), "the place was not given back"


def test_rejected_rows_come_in_pages(client: Any, rows: Any) -> None:
    upload_id = client.upload()["uploadId"]
    reject(rows, upload_id, 3)
    page = client.get(f"/api/uploads/{upload_id}/rejected?limit=2").get_json()
    assert page["items"][0] == {"sequenceNumber": 1, "rowNumber": 2, "reason": "row_too_long", "rawText": "raw 1"}
    page = client.get(f"/api/uploads/{upload_id}/rejected?limit=2&cursor={page['next']}").get_json()
    assert [item["sequenceNumber"] for item in page["items"]] == [3]
    assert page["next"] is None


def test_rows_past_their_time_are_gone_and_their_counts_are_not(client: Any, rows: Any) -> None:
    upload_id = client.upload()["uploadId"]
    rows("""UPDATE uploads SET status = 'completed', "totalEmails" = 7, "rowsExpiredAt" = now()""")
    shown = client.get(f"/api/uploads/{upload_id}").get_json()
    assert shown["totalEmails"] == 7
    assert shown["rowsExpiredAt"]
    for path in ("rejected", "rejected.csv"):
        gone = client.get(f"/api/uploads/{upload_id}/{path}")
        assert (gone.status_code, gone.get_json()["code"]) == (410, "rows_expired")


def test_the_same_key_and_file_make_one_upload(
    client: Any, rows: Any, stored_objects: Callable[[], list[Path]]
) -> None:
    key = {"Idempotency-Key": "upload-1"}
    first = client.post("/api/uploads", **form(), headers=key)
    again = client.post("/api/uploads", **form(), headers=key)
    assert first.get_json() == again.get_json()
    assert first.headers["Location"] == again.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(rows("SELECT * FROM uploads")) == len(rows('SELECT * FROM "jobQueue"')) == len(stored_objects()) == 1
    other = client.post("/api/uploads", **form(b"other"), headers=key)
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_key_reused")
    assert len(stored_objects()) == 1


def test_one_key_at_once_makes_one_upload(client: Any, rows: Any, stored_objects: Callable[[], list[Path]]) -> None:
    answers: list[dict[str, Any]] = []
    start = threading.Barrier(6)

    def send() -> None:
        start.wait()
        answers.append(client.upload(LIST, **{"Idempotency-Key": "at-once"}))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert len({answer["uploadId"] for answer in answers}) == 1
    assert len(rows("SELECT * FROM uploads")) == len(stored_objects()) == 1


def test_a_transaction_that_fails_leaves_no_object(
    client: Any, rows: Any, stored_objects: Callable[[], list[Path]]
) -> None:
    rows('ALTER TABLE "userActivities" ADD CONSTRAINT no CHECK (false) NOT VALID')
    response = client.post("/api/uploads", **form())
    assert (response.status_code, response.get_json()["code"]) == (500, "internal_error")
    assert rows("SELECT * FROM uploads") == []
    assert stored_objects() == []


def reject(rows: Any, upload_id: str, count: int, raw: str = "'raw ' || n") -> None:
    rows(
        f"""INSERT INTO "uploadRejectedRows" SELECT CAST(:id AS uuid), n, n + 1, 'row_too_long', {raw}
            FROM generate_series(1, :count) n""",
        id=upload_id,
        count=count,
    )


@pytest.mark.parametrize(("path", "accept"), [("rejected", "text/csv"), ("rejected.csv", "*/*")])
def test_rejected_rows_come_as_a_file(client: Any, rows: Any, path: str, accept: str) -> None:
    upload_id = client.upload(**{"Content-Disposition": 'attachment; filename="Käufer.xlsx"'})["uploadId"]
    reject(rows, upload_id, 2, """CASE n WHEN 1 THEN '=HYPERLINK("x")' ELSE E'a;"b\\nc' END""")
    response = client.get(f"/api/uploads/{upload_id}/{path}", headers={"Accept": accept})
    assert (response.status_code, response.content_type) == (200, "text/csv; charset=utf-8")
    assert "filename*=UTF-8''K%C3%A4ufer-rejected.csv" in response.headers["Content-Disposition"]
    assert list(csv.reader(io.StringIO(response.text, newline=""))) == [
        ["sequenceNumber", "rowNumber", "reason", "rawText"],
        ["1", "2", "row_too_long", '\'=HYPERLINK("x")'],
        ["2", "3", "row_too_long", 'a;"b\nc'],
    ]


def test_a_file_of_rejected_rows_has_all_of_them_and_takes_no_parameters(client: Any, rows: Any) -> None:
    upload_id = client.upload()["uploadId"]
    reject(rows, upload_id, 2 * PAGE + 1)
    whole = client.get(f"/api/uploads/{upload_id}/rejected.csv").text.splitlines()
    assert [line.partition(",")[0] for line in whole[1:]] == [str(n + 1) for n in range(2 * PAGE + 1)]
    for refused in (
        client.get(f"/api/uploads/{upload_id}/rejected.csv?limit=2"),
        client.get(f"/api/uploads/{upload_id}/rejected?limit=2", headers={"Accept": "text/csv"}),
    ):
        assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "limit")


def test_a_file_of_rejected_rows_is_sent_as_it_is_read(client: Any, parts: Deps, rows: Any) -> None:
    upload_id = client.upload()["uploadId"]
    reject(rows, upload_id, 3 * PAGE)
    read: list[str] = []
    event.listen(parts.engine, "before_cursor_execute", lambda *call: read.append(call[2]))
    response = client.get(f"/api/uploads/{upload_id}/rejected.csv", buffered=False)
    pieces = response.iter_encoded()
    next(pieces), next(pieces)
    assert sum('"uploadRejectedRows"' in statement for statement in read) == 1
    assert parts.engine.pool.checkedout() == 0  # type: ignore[attr-defined] # of the pool that engines have
    response.close()
