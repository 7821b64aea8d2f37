"""Lists that the request only names: a URL, an object of the storage; and how large any list may be."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from typing import Any

import pytest

from mailsift.api.deps import Deps
from mailsift.shared.plans import ALLOWANCES, Plan

URL = "https://files.example/lists/Gr%C3%B6%C3%9Fe.csv?signature=secret"


def put(parts: Deps, client: Any, name: str) -> str:
    key = f"inbox/{client.tenant.workspace_id}/{name}"
    parts.storage.write(key, [b"email\na@example.com\n"])
    return key


def test_a_url_is_taken_in_and_fetched_later(client: Any, rows: Any, stored_objects: Any) -> None:
    response = client.post("/api/uploads?analysisType=advanced", json={"url": URL, "delimiter": "semicolon"})
    body = response.get_json()
    assert response.status_code == 202, body
    assert body["analysis"]["jobId"]
    (row,) = rows("SELECT * FROM uploads")
    assert (row["source"], row["sourceUrl"], row["sha256"], row["fileSize"]) == ("url", URL, None, None)
    assert row["storageKey"] == f"uploads/{client.tenant.workspace_id}/{body['uploadId']}"
    shown = client.get(f"/api/uploads/{body['uploadId']}").get_json()
    assert (shown["source"], shown["sourceUrl"]) == ("url", "https://files.example/lists/Gr%C3%B6%C3%9Fe.csv")
    assert (shown["fileName"], shown["fileSize"], shown["reading"]) == ("Größe.csv", None, {"delimiter": ";"})
    assert stored_objects() == []


def test_neither_answers_nor_logs_hold_the_query(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    urls = [URL, URL.replace("https", "http"), URL.replace("https", "HTTPS"), URL.replace("https://", " https://")]
    answers = [client.post("/api/uploads", json={"url": url}) for url in urls]
    assert [answer.status_code for answer in answers] == [202, 422, 202, 422]
    said = [answer.text for answer in answers]
    said += [client.get(path).text for path in ("/api/uploads", "/api/jobs", "/api/activities")]
    assert "secret" not in "".join(said) + caplog.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://files.example/x"}, "url"),
        ({"url": "https://ann:secret@files.example/x"}, "url"),
        ({"url": "https://files.example/a b"}, "url"),
        ({"url": ""}, "url"),
        ({"url": 1}, "url"),
        ({"url": URL, "object": "x"}, "object"),
        ({"url": URL, "emails": ["a@example.com"]}, "url"),
        ({"url": URL, "other": 1}, "other"),
        ({"object": "../x"}, "object"),
        ({"object": "/etc/passwd"}, "object"),
        ({"object": "a/../../x"}, "object"),
        ({"object": ""}, "object"),
        ({"object": "a\ud800b"}, "object"),
        ({}, "emails"),
    ],
)
def test_what_names_no_list_is_refused(client: Any, rows: Any, body: dict[str, Any], field: str) -> None:
    response = client.post("/api/uploads", json=body)
    assert (response.status_code, response.get_json()["code"]) == (422, "validation_failed")
    assert response.get_json()["errors"][0]["field"] == field
    assert rows("SELECT FROM uploads") == []


def test_an_object_of_the_workspaces_own_inbox_is_taken_in(client: Any, stranger: Any, parts: Deps, rows: Any) -> None:
    key = put(parts, client, "2026/people.csv")
    body = client.post("/api/uploads", json={"object": "2026/people.csv"}).get_json()
    shown = client.get(f"/api/uploads/{body['uploadId']}").get_json()
    assert (shown["source"], shown["sourceUrl"], shown["fileName"]) == ("object", key, "people.csv")
    refused = stranger.post("/api/uploads", json={"object": "2026/people.csv"})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "object_not_found")
    assert len(rows("SELECT FROM uploads")) == 1


def test_an_object_that_is_not_there_is_said_to_be_missing(client: Any) -> None:
    response = client.post("/api/uploads", json={"object": "people.csv"})
    assert (response.status_code, response.get_json()["code"]) == (422, "object_not_found")
    assert f"inbox/{client.tenant.workspace_id}/people.csv" in response.get_json()["detail"]


def test_the_same_url_with_the_same_key_is_one_upload(client: Any, rows: Any) -> None:
    first, second = (
        client.post("/api/uploads", json={"url": URL}, headers={"Idempotency-Key": "k"}).get_json() for _ in range(2)
    )
    assert first == second
    assert len(rows("SELECT FROM uploads")) == 1
    other = client.post("/api/uploads", json={"url": f"{URL}2"}, headers={"Idempotency-Key": "k"})
    assert other.get_json()["code"] == "idempotency_key_reused"


def test_every_upload_says_where_it_came_from(client: Any, rows: Any) -> None:
    client.upload()
    client.post("/api/uploads", json={"emails": ["a@example.com"]})
    assert [row["source"] for row in rows('SELECT source FROM uploads ORDER BY "createdAt"')] == ["file", "addresses"]


@pytest.mark.parametrize("media_type", ["text/csv", "multipart/form-data"])
def test_a_file_that_is_larger_than_the_plan_allows_is_cut_off(
    client: Any, rows: Any, stored_objects: Any, monkeypatch: pytest.MonkeyPatch, media_type: str
) -> None:
    rows("UPDATE workspaces SET plan = 'free'")
    monkeypatch.setitem(ALLOWANCES, Plan.FREE, replace(ALLOWANCES[Plan.FREE], upload_bytes=100))
    content = b"email\n" + b"a@example.com\n" * 20
    sent: dict[str, Any] = {"data": content, "content_type": media_type}
    if media_type == "multipart/form-data":
        sent = {"data": {"file": (io.BytesIO(content), "list.csv")}, "content_type": media_type}
    response = client.post("/api/uploads", **sent)
    assert (response.status_code, response.get_json()["code"]) == (413, "upload_too_large")
    assert response.get_json()["detail"] == "a file may have 100 bytes at most on the free plan"
    assert (rows("SELECT FROM uploads"), stored_objects()) == ([], [])
    rows("UPDATE workspaces SET plan = 'unlimited'")
    client.upload(content)
