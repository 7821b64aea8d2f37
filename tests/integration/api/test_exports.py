from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import time
import uuid
from dataclasses import replace
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlencode

import pytest

from mailsift.api.app import create_app
from mailsift.api.deps import Deps
from mailsift.shared.storage import Storage

CONTENT = b"email,status\na@example.com,valid\n"


@pytest.fixture
def analysis_id(client: Any, rows: Any) -> str:
    upload_id = client.upload()["uploadId"]
    rows("""UPDATE uploads SET status = 'completed', "fileName" = 'Läds "1".csv'""")
    body = {"uploadId": upload_id, "analysisType": "advanced"}
    made: str = client.post("/api/analyses", json=body).get_json()["analysisId"]
    rows("UPDATE analyses SET status = 'completed'")
    return made


@pytest.fixture
def export_id(client: Any, analysis_id: str) -> str:
    made: str = client.post("/api/exports", json={"analysisId": analysis_id}).get_json()["exportId"]
    return made


@pytest.fixture
def written(export_id: str, rows: Any, parts: Deps) -> str:
    parts.storage.write("exports/1", [CONTENT])
    rows(
        """UPDATE exports SET status = 'completed', "filePath" = 'exports/1', "fileSize" = :size, sha256 = :sha256,
           "contentType" = 'text/csv; charset=utf-8', "rowCount" = 1, "expiresAt" = now() + interval '7 days'""",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )
    return export_id


def test_an_export_is_queued(client: Any, rows: Any, analysis_id: str) -> None:
    response = client.post("/api/exports", json={"analysisId": analysis_id, "fileType": "jsonl"})
    assert response.status_code == 202
    body = response.get_json()
    assert body["fileName"] == 'Läds "1"-analysed.jsonl'
    assert response.headers["Location"] == f"/api/exports/{body['exportId']}"
    (job,) = rows("""SELECT * FROM "jobQueue" WHERE "jobType" = 'export'""")
    assert str(job["exportId"]) == body["exportId"]
    (activity,) = rows("""SELECT * FROM "userActivities" WHERE "activityType" = 'export_requested'""")
    assert str(activity["entityId"]) == body["exportId"]


def test_an_export_of_some_rows_says_so(client: Any, analysis_id: str) -> None:
    filters = {"status": "risky", "domain": ["Example.COM", "example.org"], "minScore": 50, "role": False}
    wanted = {"filterOption": "rejected", "filters": filters, "sort": "-score"}
    made = client.post("/api/exports", json={"analysisId": analysis_id, **wanted}).get_json()
    assert made["fileName"] == 'Läds "1"-analysed-rejected.csv'
    shown = client.get(f"/api/exports/{made['exportId']}").get_json()
    assert (shown["partial"], shown["options"]) == (
        False,
        {
            "filterOption": "rejected",
            "status": ["risky"],
            "domain": ["example.com", "example.org"],
            "minScore": 50,
            "role": False,
            "order": "-score",
        },
    )


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ({"filterOption": "best"}, "filterOption"),
        ({"sort": "name"}, "sort"),
        ({"filters": {"status": ["good"]}}, "filters.status.0"),
        ({"filters": {"minScore": 80, "maxScore": 70}}, "filters"),
        ({"filters": {"maxScore": 101}}, "filters.maxScore"),
        ({"filters": {"colour": "blue"}}, "filters.colour"),
        ({"filters": {"domain": ["example.com"] * 1001}}, "filters.domain"),
    ],
)
def test_rows_that_nobody_can_choose_are_refused(client: Any, analysis_id: str, wanted: Any, fault: str) -> None:
    response = client.post("/api/exports", json={"analysisId": analysis_id, **wanted})
    body = response.get_json()
    assert (response.status_code, body["code"]) == (422, "validation_failed")
    assert [error["field"] for error in body["errors"]] == [fault]


def test_a_partial_export_does_not_wait_for_the_analysis(client: Any, rows: Any, analysis_id: str) -> None:
    rows("UPDATE analyses SET status = 'processing'")
    made = client.post("/api/exports", json={"analysisId": analysis_id, "partial": True}).get_json()
    assert made["fileName"] == 'Läds "1"-analysed-partial.csv'
    (job,) = rows("""SELECT * FROM "jobQueue" WHERE "jobType" = 'export'""")
    assert job["afterJobId"] is None


def test_an_export_of_one_address_is_named_for_the_day(client: Any, rows: Any) -> None:
    body = {"analysisType": "single", "emailAddress": "a@example.com"}
    analysis_id = client.post("/api/analyses?wait=0", json=body).get_json()["analysisId"]
    rows("UPDATE analyses SET status = 'completed'")
    name = client.post("/api/exports", json={"analysisId": analysis_id}).get_json()["fileName"]
    assert name == f"single_analysis_results_{dt.datetime.now(dt.UTC):%Y%m%d}.csv"


@pytest.mark.parametrize("table", ["uploads", "analyses"])
def test_rows_past_their_time_are_not_exported(client: Any, rows: Any, analysis_id: str, table: str) -> None:
    rows(f'UPDATE {table} SET "rowsExpiredAt" = now()')
    refused = client.post("/api/exports", json={"analysisId": analysis_id})
    assert (refused.status_code, refused.get_json()["code"]) == (410, "rows_expired")
    assert rows("SELECT FROM exports") == []


def test_an_unknown_file_type_is_refused(client: Any, analysis_id: str) -> None:
    response = client.post("/api/exports", json={"analysisId": analysis_id, "fileType": "pdf"})
    assert response.get_json()["errors"][0]["field"] == "fileType"


def test_how_an_export_is_to_be_written_is_kept_and_shown(client: Any, rows: Any, analysis_id: str) -> None:
    how = {"fileType": "tsv", "compression": "gzip", "formulas": "keep", "bom": True}
    made = client.post("/api/exports", json={"analysisId": analysis_id, **how}).get_json()
    assert made["fileName"] == 'Läds "1"-analysed.tsv.gz'
    shown = client.get(f"/api/exports/{made['exportId']}").get_json()
    assert shown == shown | how
    assert rows("SELECT writing FROM exports") == [
        {"writing": {"compression": "gzip", "formulas": "keep", "bom": True}}
    ]


def test_columns_are_kept_and_shown_and_asked_for_again(client: Any, rows: Any, analysis_id: str) -> None:
    how = {"columns": ["line\nbreak", "mailsift_status"], "rename": {"mailsift_status": " Status "}}
    made = client.post("/api/exports", json={"analysisId": analysis_id, **how}).get_json()
    rows("UPDATE exports SET status = 'expired'")
    again = client.post(f"/api/exports/{made['exportId']}/again").get_json()
    for export in (made, again):
        shown = client.get(f"/api/exports/{export['exportId']}").get_json()
        assert (shown["columns"], shown["rename"]) == (how["columns"], {"mailsift_status": "Status"})


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ({"columns": []}, "columns"),
        ({"columns": ["email", "email"]}, "columns"),
        ({"columns": ["email", ""]}, "columns.1"),
        ({"columns": ["a\0"]}, "columns.0"),
        ({"columns": ["a"] * 1001}, "columns"),
        ({"rename": {"email": " "}}, "rename.email"),
        ({"rename": {"email": "a\nb"}}, "rename.email"),
        ({"rename": {"email": "Mail", "name": "Mail"}}, "rename"),
    ],
)
def test_columns_that_no_file_can_have_are_refused(client: Any, analysis_id: str, wanted: Any, fault: str) -> None:
    body = client.post("/api/exports", json={"analysisId": analysis_id, **wanted}).get_json()
    assert (body["code"], [error["field"] for error in body["errors"]]) == ("validation_failed", [fault])


@pytest.mark.parametrize("file_type", ["json", "jsonl"])
def test_only_text_for_spreadsheets_begins_with_a_mark(client: Any, analysis_id: str, file_type: str) -> None:
    body = {"analysisId": analysis_id, "fileType": file_type, "bom": True}
    assert client.post("/api/exports", json=body).get_json()["errors"][0]["field"] == "bom"


def test_a_report_is_of_the_whole_analysis(client: Any, analysis_id: str) -> None:
    body = {"analysisId": analysis_id, "fileType": "html"}
    assert client.post("/api/exports", json=body).get_json()["fileName"] == 'Läds "1"-analysed.html'
    refused = client.post("/api/exports", json={**body, "filterOption": "deliverable"})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "validation_failed")
    assert client.post("/api/exports", json={**body, "columns": ["email"]}).status_code == 422


def test_an_export_reads_back(client: Any, written: str) -> None:
    shown = client.get(f"/api/exports/{written}").get_json()
    assert (shown["status"], shown["rowCount"], shown["downloadCount"]) == ("completed", 1, 0)
    assert shown["downloadUrl"] == f"/api/exports/{written}/download"
    assert client.get("/api/exports").get_json() == {"items": [shown], "next": None}


def test_a_download_is_the_file_and_is_counted_and_noted(client: Any, rows: Any, written: str) -> None:
    response = client.get(f"/api/exports/{written}/download")
    assert (response.status_code, response.data) == (200, CONTENT)
    assert response.headers["Content-Length"] == str(len(CONTENT))
    assert response.headers["ETag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == (
        "attachment; filename=\"L_ds _1_-analysed.csv\"; filename*=UTF-8''L%C3%A4ds%20%221%22-analysed.csv"
    )
    assert client.get(f"/api/exports/{written}").get_json()["downloadCount"] == 1
    (activity,) = rows("""SELECT * FROM "userActivities" WHERE "activityType" = 'file_downloaded'""")
    assert str(activity["entityId"]) == written


def test_who_has_the_file_gets_304_and_is_not_counted(client: Any, written: str) -> None:
    tag = client.call("HEAD", f"/api/exports/{written}/download").headers["ETag"]
    response = client.get(f"/api/exports/{written}/download", headers={"If-None-Match": tag})
    assert (response.status_code, response.data) == (304, b"")
    assert client.get(f"/api/exports/{written}").get_json()["downloadCount"] == 0


SIZE = len(CONTENT)


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=0-4", 0, 5),
        ("bytes=5-9", 5, 10),
        ("bytes=5-", 5, SIZE),
        ("bytes=-3", SIZE - 3, SIZE),
        ("bytes=5-9999", 5, SIZE),
        ("bytes=-9999", 0, SIZE),
    ],
)
def test_a_part_of_a_file_is_those_bytes(client: Any, written: str, asked: str, start: int, stop: int) -> None:
    response = client.get(f"/api/exports/{written}/download", headers={"Range": asked})
    assert (response.status_code, response.data) == (206, CONTENT[start:stop])
    assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert response.headers["Content-Length"] == str(stop - start)
    # A download that goes on is none of its own.
    assert client.get(f"/api/exports/{written}").get_json()["downloadCount"] == (start == 0)


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,3-4", "lines=1-2", "bytes=9-5", "bytes=x-", "bytes", "bytes=" + "9" * 500]
)
def test_what_is_no_single_range_of_bytes_gets_the_whole_file(client: Any, written: str, asked: str) -> None:
    response = client.get(f"/api/exports/{written}/download", headers={"Range": asked})
    assert (response.status_code, response.data) == (200, CONTENT)
    assert response.headers["Accept-Ranges"] == "bytes"


def test_bytes_beyond_the_end_are_refused(client: Any, written: str) -> None:
    response = client.get(f"/api/exports/{written}/download", headers={"Range": f"bytes={SIZE}-"})
    assert (response.status_code, response.get_json()["code"]) == (416, "range_not_satisfiable")
    assert response.headers["Content-Range"] == f"bytes */{SIZE}"
    assert client.get(f"/api/exports/{written}").get_json()["downloadCount"] == 0


def test_a_download_goes_on_only_with_the_file_it_began_with(client: Any, written: str) -> None:
    url, tag = f"/api/exports/{written}/download", f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    same = client.get(url, headers={"Range": "bytes=5-", "If-Range": tag})
    assert (same.status_code, same.data) == (206, CONTENT[5:])
    for known in ('"another"', "Fri, 27 Nov 2026 10:00:00 GMT"):
        other = client.get(url, headers={"Range": "bytes=5-", "If-Range": known})
        assert (other.status_code, other.data) == (200, CONTENT)


@pytest.fixture
def signed(client: Any, written: str) -> str:
    url: str = client.post(f"/api/exports/{written}/link", json={"expiresIn": 60}).get_json()["url"]
    return url


def test_a_signed_link_needs_no_key(client: Any, http: Any, signed: str, written: str) -> None:
    response = http.get(signed)
    assert (response.status_code, response.data) == (200, CONTENT)
    assert http.get(signed, headers={"Range": "bytes=5-"}).data == CONTENT[5:]
    assert client.get(f"/api/exports/{written}").get_json()["downloadCount"] == 1
    assert http.get(f"/api/exports/{written}/download").status_code == 401


def test_a_program_can_sign_by_itself(client: Any, http: Any, rows: Any, written: str) -> None:
    ((key,),) = [row.values() for row in rows('SELECT "apiKeyId" FROM "apiKeys"')]
    path, expires = f"/api/exports/{written}/download", int(time.time()) + 30
    secret = hashlib.sha256(client.tenant.key.encode()).digest()
    signature = hmac.new(secret, f"{path}\n{expires}".encode(), "sha256").hexdigest()
    assert http.get(f"{path}?key={key}&expires={expires}&signature={signature}").data == CONTENT


def test_a_link_ends(http: Any, signed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    late = time.time() + 61
    monkeypatch.setattr("mailsift.api.auth.time.time", lambda: late)
    response = http.get(signed)
    assert (response.status_code, response.get_json()["code"]) == (410, "link_expired")


def test_a_link_opens_nothing_else(http: Any, signed: str, written: str) -> None:
    path, query = signed.split("?")
    parameters = dict(parse_qsl(query))
    others = {
        "another file": f"{path.replace(written, str(uuid.uuid4()))}?{query}",
        "a longer time": f"{path}?{urlencode({**parameters, 'expires': int(parameters['expires']) + 1})}",
        "another key": f"{path}?{urlencode({**parameters, 'key': uuid.uuid4()})}",
        "no key": f"{path}?{urlencode({**parameters, 'key': 'x'})}",
        "no time": f"{path}?signature={parameters['signature']}",
        "no signature": f"{path}?{urlencode({**parameters, 'signature': ''})}",
        "letters beyond ASCII": f"{path}?{urlencode({**parameters, 'signature': 'ü'})}",
    }
    refused = {name: http.get(url) for name, url in others.items()}
    assert {name: (r.status_code, r.get_json()["code"]) for name, r in refused.items()} == dict.fromkeys(
        others, (401, "link_invalid")
    )
    assert http.get(f"/api/exports/{written}?{query}").status_code == 401


def test_the_links_of_a_key_end_with_it(http: Any, rows: Any, signed: str) -> None:
    rows('UPDATE "apiKeys" SET "revokedAt" = now()')
    assert http.get(signed).get_json()["code"] == "link_invalid"


def test_a_link_to_what_is_not_there_is_not_signed(client: Any) -> None:
    assert client.post(f"/api/exports/{uuid.uuid4()}/link", json={}).status_code == 404


def test_a_file_that_is_not_written_yet_cannot_be_downloaded(client: Any, export_id: str) -> None:
    response = client.get(f"/api/exports/{export_id}/download")
    assert (response.status_code, response.get_json()["code"]) == (409, "export_not_ready")


def test_a_file_stops_at_its_expiry(client: Any, rows: Any, written: str) -> None:
    rows("""UPDATE exports SET "expiresAt" = now() - interval '1 second'""")
    response = client.get(f"/api/exports/{written}/download")
    assert (response.status_code, response.get_json()["code"]) == (410, "export_expired")
    shown = client.get(f"/api/exports/{written}").get_json()
    assert (shown["status"], shown["downloadUrl"], shown["downloadCount"]) == ("expired", None, 0)


def test_an_expired_export_is_written_again_as_it_was(client: Any, rows: Any, analysis_id: str) -> None:
    wanted = {"filterOption": "rejected", "filters": {"maxScore": 40}, "fileType": "tsv", "compression": "gzip"}
    made = client.post("/api/exports", json={"analysisId": analysis_id, **wanted}).get_json()
    rows("UPDATE exports SET status = 'expired'")
    response = client.post(f"/api/exports/{made['exportId']}/again")
    again = response.get_json()
    assert (response.status_code, again["fileName"]) == (202, made["fileName"])
    assert response.headers["Location"] == f"/api/exports/{again['exportId']}"
    first, second = (client.get(f"/api/exports/{one['exportId']}").get_json() for one in (made, again))
    same = ("analysisId", "fileType", "compression", "options")
    assert [first[name] for name in same] == [second[name] for name in same]
    assert (first["status"], second["status"]) == ("expired", "pending")


def test_a_file_that_is_gone_from_the_storage_is_gone(client: Any, parts: Deps, written: str) -> None:
    parts.storage.delete("exports/1")
    response = client.get(f"/api/exports/{written}/download")
    assert (response.status_code, response.get_json()["code"]) == (410, "export_expired")


class WatchedStorage(Storage):
    """Keeps what was opened, so that no garbage collector closes it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.opened: list[BinaryIO] = []

    def open(self, key: str) -> BinaryIO:
        self.opened.append(super().open(key))
        return self.opened[-1]


@pytest.fixture
def storage(parts: Deps) -> WatchedStorage:
    return WatchedStorage(parts.settings.storage_url)


@pytest.fixture
def taker(client: Any, parts: Deps, storage: WatchedStorage) -> Any:
    return type(client)(create_app(replace(parts, storage=storage)).test_client(), client.tenant)


@pytest.mark.parametrize("chunks", [0, 1])
def test_a_download_lets_go_of_its_object_however_it_ends(
    taker: Any, storage: WatchedStorage, written: str, chunks: int
) -> None:
    response = taker.get(f"/api/exports/{written}/download")
    for _ in range(chunks):
        next(response.response)
    response.close()
    assert [stream.closed for stream in storage.opened] == [True]


def test_a_download_that_cannot_be_counted_lets_go_of_its_object(
    taker: Any, storage: WatchedStorage, rows: Any, written: str
) -> None:
    rows('ALTER TABLE "userActivities" ADD CONSTRAINT no CHECK (false) NOT VALID')
    assert taker.get(f"/api/exports/{written}/download").status_code == 500
    assert [stream.closed for stream in storage.opened] == [True]
