"""How answers are sent: known ones not at all, large ones packed, to listed origins, within the limit of the key."""

from __future__ import annotations

import dataclasses
import gzip
import json
import time
from typing import Any

import pytest
from pydantic import ValidationError

from mailsift.api.app import create_app
from mailsift.api.config import ApiSettings
from mailsift.api.deps import Deps

PAGE = "https://app.example.com"
ASKS = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def test_what_the_client_has_is_not_sent_again(client: Any) -> None:
    upload = client.upload()
    path = f"/api/uploads/{upload['uploadId']}"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert first.headers["ETag"].startswith('W/"')
    assert "Date" not in first.headers, "the server says it, and it must stand there once"
    client.post(f"/api/jobs/{upload['jobId']}/cancel")
    changed = client.get(path, headers={"If-None-Match": f'"x", {first.headers["ETag"]}'})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert "ETag" not in client.get("/api/uploads/1").headers
    head = client.call("HEAD", path)
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", changed.headers["ETag"])


@pytest.mark.parametrize(
    ("accepted", "packed"), [("gzip, br", True), ("*", True), ("gzip;q=0", False), ("br", False), ("", False)]
)
def test_a_large_answer_is_packed_for_who_can_unpack_it(http: Any, accepted: str, packed: bool) -> None:
    response = http.get("/openapi.json", headers={"Accept-Encoding": accepted})
    assert (response.headers.get("Content-Encoding") == "gzip") is packed
    assert "Accept-Encoding" in response.headers["Vary"]
    body = gzip.decompress(response.data) if packed else response.data
    assert json.loads(body)["openapi"] == "3.1.0"
    assert int(response.headers["Content-Length"]) == len(response.data)
    known = {"Accept-Encoding": accepted, "If-None-Match": response.headers["ETag"]}
    assert http.get("/openapi.json", headers=known).status_code == 304


def test_streams_and_small_answers_are_not_packed(client: Any, rows: Any) -> None:
    upload = client.upload()
    headers = {"Accept-Encoding": "gzip"}
    assert "Content-Encoding" not in client.get(f"/api/jobs/{upload['jobId']}/status", headers=headers).headers
    rows("""UPDATE uploads SET status = 'completed'""")
    rejected = client.get(f"/api/uploads/{upload['uploadId']}/rejected.csv", headers=headers)
    assert rejected.status_code == 200
    assert "Content-Encoding" not in rejected.headers
    assert "ETag" not in rejected.headers
    rows("""UPDATE "jobQueue" SET status = 'completed'""")
    stream = client.get(f"/api/jobs/{upload['jobId']}/stream", headers=headers)
    assert "Content-Encoding" not in stream.headers


@pytest.fixture
def open_to_a_page(parts: Deps) -> Any:
    settings = ApiSettings.model_validate({**parts.settings.model_dump(), "cors_origins": (PAGE,)})
    return create_app(dataclasses.replace(parts, settings=settings)).test_client()


def test_pages_of_other_origins_are_told_nothing_unless_they_are_listed(http: Any, open_to_a_page: Any) -> None:
    assert http.options("/api/uploads", headers=ASKS).status_code == 401
    assert "Access-Control-Allow-Origin" not in http.get("/openapi.json", headers={"Origin": PAGE}).headers
    for origin in ("https://evil.example", "null", f"{PAGE}.evil.example", "http://app.example.com"):
        response = open_to_a_page.options("/api/uploads", headers={**ASKS, "Origin": origin})
        assert response.status_code == 401
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "Origin" in response.headers["Vary"]


def test_a_page_of_a_listed_origin_may_ask_and_read(open_to_a_page: Any) -> None:
    preflight = open_to_a_page.options("/api/uploads", headers=ASKS)
    assert (preflight.status_code, preflight.data) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Origin"] == PAGE
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "Idempotency-Key"} <= set(preflight.headers["Access-Control-Allow-Headers"].split(", "))
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    refused = open_to_a_page.get("/api/uploads", headers={"Origin": PAGE})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, PAGE)
    assert "RateLimit" in refused.headers["Access-Control-Expose-Headers"]
    assert "Origin" in refused.headers["Vary"]


@pytest.mark.parametrize(
    "said", ["*", "null", "https://a.example/", "a.example", "https://a.example/x", "ftp://a.example"]
)
def test_what_is_no_origin_is_refused_at_the_start(settings: ApiSettings, said: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        ApiSettings.model_validate({**settings.model_dump(), "cors_origins": said})


def test_several_origins_are_listed_with_commas(settings: ApiSettings) -> None:
    said = f"{PAGE}, http://localhost:5173"
    read = ApiSettings.model_validate({**settings.model_dump(), "cors_origins": said})
    assert read.cors_origins == (PAGE, "http://localhost:5173")


def test_a_key_is_held_to_the_requests_of_its_plan(client: Any, parts: Deps, rows: Any) -> None:
    assert "RateLimit" not in client.get("/api/uploads").headers, "unlimited"
    rows("UPDATE workspaces SET plan = 'free'")
    first = client.get("/api/uploads")
    assert first.headers["RateLimit-Policy"] == '"requests";q=300;w=60'
    assert first.headers["RateLimit"].startswith('"requests";r=299;t=')
    (key,) = rows('SELECT "apiKeyId" FROM "apiKeys"')
    for _ in range(299):
        parts.limiter.take(key["apiKeyId"], 300, time.monotonic())
    refused = client.get("/api/uploads")
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit"].startswith('"requests";r=0;t=')
