"""What holds for every route: keys, tenants, errors, headers, the document."""

from __future__ import annotations

import io
import json
import re
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from sqlalchemy import Engine
from werkzeug.routing import Rule

from factories import make_tenant
from mailsift.api.app import create_app
from mailsift.api.auth import PUBLIC, needed
from mailsift.api.config import ApiSettings
from mailsift.api.deps import Deps, wire
from mailsift.api.permissions import ROLES, SCOPES, Permission, Scope
from mailsift.shared.observability.metrics import REGISTRY
from mailsift.shared.verdicts import MemberRole

# Of a workspace as a whole: no lists.
SUMS = {"outcomes.show", "scoring.show", "job_statistics.stats", "job_statistics.dashboard", "workspaces.stats"}
# Lists that do not come as `items`.
JOBS = {"jobs.index", "job_statistics.watched_list"}
# Every tenant has one of these.
OWN = {"workspaces.index", "members.index", "keys.index"}


def calls(app: Flask) -> list[tuple[str, Rule]]:
    return [
        (method, rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.fixture
def app(parts: Deps) -> Flask:
    return create_app(parts)


@pytest.fixture
def owned(client: Any, rows: Any) -> dict[str, str]:
    """Ids of everything that a tenant can own."""
    upload = client.upload()
    rows("UPDATE uploads SET status = 'completed'")
    body = {"uploadId": upload["uploadId"], "analysisType": "advanced"}
    analysis = client.post("/api/analyses", json=body).get_json()
    rows("UPDATE analyses SET status = 'completed'")
    export = client.post("/api/exports", json={"analysisId": analysis["analysisId"]}).get_json()
    wanted = {"name": "daily", "cron": "@daily", "uploadId": upload["uploadId"]}
    schedule = client.post("/api/schedules", json=wanted).get_json()
    key = client.post("/api/keys", json={"name": "more"}).get_json()
    guest = client.post("/api/guest-tokens", json={}).get_json()
    hook = client.post(
        "/api/webhooks", json={"url": "https://hooks.example.com/a", "events": ["job.failed"]}
    ).get_json()
    delivery = client.post(f"/api/webhooks/{hook['webhookId']}/test").get_json()
    erasure = client.post("/api/erasures", json={"addresses": ["nobody@example.org"]}).get_json()
    return {
        "workspace_id": str(client.tenant.workspace_id),
        "user_id": str(client.tenant.user_id),
        "key_id": key["keyId"],
        "token_id": guest["guestTokenId"],
        "upload_id": upload["uploadId"],
        "analysis_id": analysis["analysisId"],
        "export_id": export["exportId"],
        "job_id": upload["jobId"],
        "schedule_id": schedule["scheduleId"],
        "webhook_id": hook["webhookId"],
        "delivery_id": delivery["deliveryId"],
        "erasure_id": erasure["erasureId"],
    }


def test_every_route_but_the_documents_asks_for_a_key(app: Flask) -> None:
    http = app.test_client()
    for method, rule in calls(app):
        path = re.sub(r"<uuid:\w+>", str(uuid.uuid4()), rule.rule)
        response = http.open(path, method=method)
        if rule.endpoint in PUBLIC:
            assert response.status_code == 200
        else:
            assert response.status_code == 401, (method, rule.rule)
            assert response.get_json()["code"] == "unauthorized"
            assert response.headers["WWW-Authenticate"].startswith("Bearer")


# What these take is looked at before what they name.
PROPER_BODIES: dict[str, Any] = {
    "schedules.change": {},
    "exports.link": {},
    "jobs.change": {"status": "cancelled"},
    "keys.rotate": {},
    "webhooks.change": {},
    "webhooks.rotate": {},
    "members.change": {"role": "viewer"},
    "workspaces.change": {"name": "Mine"},
}


# What a route asks for before it looks.


def test_what_belongs_to_another_tenant_is_not_there(app: Flask, owned: dict[str, str], stranger: Any) -> None:
    walked = 0
    for method, rule in calls(app):
        if not rule.arguments or needed(app, rule.endpoint, method) == {Permission.OPERATE}:
            continue
        walked += 1
        options = {"json": PROPER_BODIES[rule.endpoint]} if rule.endpoint in PROPER_BODIES else {}
        path = re.sub(r"<uuid:(\w+)>", lambda found: owned[found[1]], rule.rule)
        for foreign in (path, re.sub(r"<uuid:\w+>", str(uuid.uuid4()), rule.rule)):
            response = stranger.call(method, foreign, **options)
            assert (response.status_code, response.get_json()["code"]) == (404, "not_found"), (method, foreign)
    assert walked >= 30


def test_another_tenants_things_cannot_be_named_in_a_body(owned: dict[str, str], stranger: Any) -> None:
    upload_id = owned["upload_id"]
    response = stranger.post("/api/analyses", json={"analysisType": "advanced", "uploadId": upload_id})
    assert (response.status_code, response.get_json()["code"]) == (404, "not_found")
    response = stranger.post("/api/exports", json={"analysisId": owned["analysis_id"]})
    assert (response.status_code, response.get_json()["code"]) == (404, "not_found")


def test_lists_show_nothing_of_another_tenant(app: Flask, owned: dict[str, str], stranger: Any) -> None:
    queries = [f"?uploadId={owned['upload_id']}", f"?parentJobId={owned['job_id']}"]
    paths = [
        rule.rule
        for method, rule in calls(app)
        if method == "GET" and not rule.arguments and rule.endpoint not in {*PUBLIC, *SUMS, *JOBS, *OWN}
    ]
    for path in paths:
        assert stranger.get(path).get_json() == {"items": [], "next": None}, path
    for query in ["", *queries]:
        page = stranger.get(f"/api/jobs{query}").get_json()
        assert (page["jobs"], page["pagination"]["total"]) == ([], 0), query
    assert stranger.get("/api/jobs/list").get_json() == {"success": True, "jobs": [], "count": 0}


def test_a_tenant_sees_its_own_people_and_keys_only(app: Flask, owned: dict[str, str], stranger: Any) -> None:
    foreign = {*owned.values()}
    own = {str(stranger.tenant.workspace_id), str(stranger.tenant.user_id)}
    for rule in (rule for method, rule in calls(app) if rule.endpoint in OWN and method == "GET"):
        answer = stranger.get(rule.rule)
        assert len(answer.get_json()["items"]) == 1
        assert any(each in answer.text for each in own), rule.rule
        assert not any(each in answer.text for each in foreign), rule.rule


@pytest.mark.parametrize(
    ("role", "scopes", "allowed"),
    [
        ("viewer", "{}", ROLES[MemberRole.VIEWER]),
        ("member", "{}", ROLES[MemberRole.MEMBER]),
        ("owner", "{read}", SCOPES[Scope.READ]),
        ("owner", "{guest}", SCOPES[Scope.GUEST]),
    ],
)
def test_every_route_refuses_who_may_not(  # noqa: PLR0917 - what keys are made of
    app: Flask, client: Any, owner: Engine, rows: Any, role: str, scopes: str, allowed: frozenset[Permission]
) -> None:
    with owner.begin() as connection:
        limited = type(client)(app.test_client(), make_tenant(connection, "Limited", role))
    rows('UPDATE "apiKeys" SET scopes = CAST(:scopes AS text[])', scopes=scopes)
    refused = 0
    for method, rule in calls(app):
        if rule.endpoint in PUBLIC or needed(app, rule.endpoint, method) & allowed:
            continue
        response = limited.call(method, re.sub(r"<uuid:\w+>", str(uuid.uuid4()), rule.rule))
        assert (response.status_code, response.get_json()["code"]) == (403, "forbidden"), (method, rule.rule)
        refused += 1
    assert refused > 20


def test_nobody_but_an_operator_gets_at_what_concerns_all_workspaces(app: Flask, client: Any) -> None:
    walked = 0
    for method, rule in calls(app):
        if rule.endpoint not in PUBLIC and needed(app, rule.endpoint, method) == {Permission.OPERATE}:
            walked += 1
            path = re.sub(r"<uuid:\w+>", str(client.tenant.workspace_id), rule.rule)
            response = client.call(method, path)
            assert (response.status_code, response.get_json()["code"]) == (403, "forbidden"), (method, rule.rule)
    assert walked


def test_an_idempotency_key_is_a_tenants_own(client: Any, stranger: Any) -> None:
    key = {"Idempotency-Key": "same"}
    assert client.upload(**key)["uploadId"] != stranger.upload(**key)["uploadId"]


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer " + "x" * 500, "ms_x", "Bearer ms_no"]
)
def test_a_key_that_opens_nothing_is_refused(http: FlaskClient, header: str) -> None:
    response = http.get("/api/uploads", headers={"Authorization": header})
    assert (response.status_code, response.get_json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("change", ['"revokedAt" = now()', '"expiresAt" = now()'])
def test_a_key_that_was_revoked_or_has_expired_is_refused(client: Any, rows: Any, change: str) -> None:
    assert client.get("/api/uploads").status_code == 200
    rows(f'UPDATE "apiKeys" SET {change}')
    assert client.get("/api/uploads").status_code == 401


def test_a_viewer_reads_and_does_not_write(http: FlaskClient, owner: Engine, client: Any) -> None:
    with owner.begin() as connection:
        tenant = make_tenant(connection, "Viewers", "viewer")
    viewer = type(client)(http, tenant)
    assert viewer.get("/api/uploads").status_code == 200
    response = viewer.post("/api/uploads", data=b"a@example.com")
    assert (response.status_code, response.get_json()["code"]) == (403, "forbidden")


def test_a_keys_scopes_bound_what_it_opens(client: Any, rows: Any) -> None:
    rows("""UPDATE "apiKeys" SET scopes = '{read}'""")
    assert client.get("/api/uploads").status_code == 200
    assert client.post("/api/uploads", data=b"a@example.com").status_code == 403
    rows("""UPDATE "apiKeys" SET scopes = '{write}'""")
    assert client.post("/api/uploads", data=b"a@example.com").status_code == 202
    rows("""UPDATE "apiKeys" SET scopes = '{billing}'""")
    assert client.get("/api/uploads").status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/api/nothing", {}, 404, "not_found"),
        ("GET", "/api/uploads/1", {}, 404, "not_found"),
        ("GET", "/api/uploads/", {}, 404, "not_found"),
        ("DELETE", "/api/uploads", {}, 405, "method_not_allowed"),
        ("GET", "/api/uploads?limit=0", {}, 422, "validation_failed"),
        ("GET", "/api/uploads?limit=1&limit=2", {}, 422, "validation_failed"),
        ("GET", "/api/uploads?page=1", {}, 422, "validation_failed"),
        ("GET", "/api/uploads?cursor=WzFd", {}, 422, "validation_failed"),
        ("GET", f"/api/uploads/{uuid.UUID(int=1)}?verbose=1", {}, 422, "validation_failed"),
        ("POST", "/api/exports", {"data": b"{", "content_type": "application/json"}, 400, "malformed_body"),
        ("POST", "/api/exports", {"data": b"[" * 50_000, "content_type": "application/json"}, 400, "malformed_body"),
        ("POST", "/api/exports", {"data": b"\xff", "content_type": "application/json"}, 400, "malformed_body"),
        ("POST", "/api/exports", {"data": b'{"a":1,"a":1}', "content_type": "application/json"}, 400, "malformed_body"),
        ("POST", "/api/exports", {"data": b'{"a":NaN}', "content_type": "application/json"}, 400, "malformed_body"),
        ("POST", "/api/exports", {"json": [1]}, 422, "validation_failed"),
        ("POST", "/api/exports", {"data": b"null", "content_type": "application/json"}, 422, "validation_failed"),
        ("POST", "/api/exports", {"data": b"a=1"}, 415, "unsupported_media_type"),
        ("POST", "/api/exports", {"data": b" " * 65_537, "content_type": "application/json"}, 413, "body_too_large"),
        ("POST", "/api/uploads", {"data": b" " * 4_194_305, "content_type": "application/json"}, 413, "body_too_large"),
        ("POST", "/api/exports", {"json": {}, "headers": {"Idempotency-Key": "a b"}}, 422, "validation_failed"),
        ("DELETE", f"/api/jobs/{uuid.UUID(int=1)}", {}, 404, "not_found"),
    ],
)
def test_every_error_has_the_same_shape(  # noqa: PLR0917 - a table
    client: Any, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    response = client.call(method, path, **options)
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    body = response.get_json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"/docs#{code}"
    assert body["requestId"] == response.headers["X-Request-Id"]
    assert body["title"]
    assert body["detail"]
    assert status != 422 or body["errors"]


def test_an_error_of_no_route_says_what_to_do(client: Any) -> None:
    assert "/docs shows all routes" in client.get("/api/nothing").get_json()["detail"]
    response = client.call("DELETE", "/api/uploads")
    assert response.get_json()["detail"] == "send GET or POST"
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert "`url` or `object`" in client.post("/api/uploads", json={}).get_json()["detail"]


@pytest.mark.parametrize("path", ["/api/analyses", "/api/uploads"])
@pytest.mark.parametrize(
    "body",
    [
        {"analysisType": "single", **{f"unknown{n}": 0 for n in range(3_000)}},
        {"analysisType": "single", **{f"unknown{n}": 0 for n in range(50)}},
        {"analysisType": "single", "x" * 50_000: 0},
        {"analysisType": "x" * 50_000},
        {"emails": ["\n"] * 9_000},
    ],
)
def test_an_answer_stays_small_whatever_is_wrong(client: Any, path: str, body: dict[str, Any]) -> None:
    response = client.post(path, json=body)
    assert response.status_code == 422
    assert len(response.get_json()["errors"]) <= 20
    assert len(response.data) < 10_000


def test_an_error_of_ours_says_nothing_of_the_inside(client: Any, rows: Any) -> None:
    rows("ALTER TABLE uploads RENAME TO gone")
    response = client.get("/api/uploads")
    assert (response.status_code, response.get_json()["code"]) == (500, "internal_error")
    assert "gone" not in response.text
    assert "uploads" not in response.text


def test_without_a_database_requests_are_put_off(settings: ApiSettings) -> None:
    parts = wire(settings.model_copy(update={"database_url": "postgresql+psycopg2://nobody@127.0.0.1:1/none"}))
    response = create_app(parts).test_client().get("/api/uploads", headers={"Authorization": "Bearer ms_x"})
    parts.close()
    assert (response.status_code, response.get_json()["code"]) == (503, "temporarily_unavailable")
    assert response.headers["Retry-After"]


def test_a_request_keeps_its_id_and_its_trace(client: Any, rows: Any) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"X-Request-Id": "mine-1", "traceparent": f"00-{trace}-b7ad6b7169203331-01", "Content-Type": "text/csv"}
    response = client.post("/api/uploads", data=b"a@example.com", headers=headers)
    assert response.headers["X-Request-Id"] == "mine-1"
    assert rows('SELECT "traceId" FROM "jobQueue"') == [{"traceId": trace}]
    assert client.get("/api/uploads", headers={"X-Request-Id": 'a"b'}).headers["X-Request-Id"] != 'a"b'


def test_every_answer_has_security_headers(client: Any) -> None:
    for path in ("/api/uploads", "/api/nothing", "/docs", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == ("no-store" if path == "/api/nothing" else "private, no-cache")
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_activities_tell_what_was_done(client: Any, owned: dict[str, str]) -> None:
    page = client.get("/api/activities").get_json()
    assert [item["activityType"] for item in page["items"]] == [
        *("erasure_requested", "webhook_created", "guest_admitted", "key_created", "schedule_created"),
        *("export_requested", "analysis_requested", "file_upload"),
    ]
    page = client.get(f"/api/activities?activityType=file_upload&entityId={owned['upload_id']}").get_json()
    (item,) = page["items"]
    assert item["activityDetails"] == {"fileName": "upload", "source": "file", "fileSize": 20}


@pytest.fixture
def document(http: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = http.get("/openapi.json").get_json()
    return found


def test_the_document_is_proper_openapi(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1")


# What they would do, mailsift does not.
REFUSED = {("post", "/api/generate-emails-job"), ("post", "/api/scrape-emails-job")}


def test_the_document_names_every_route_its_answers_and_its_key(app: Flask, document: dict[str, Any]) -> None:
    served = {(method.lower(), re.sub(r"<(?:uuid:)?(\w+)>", r"{\1}", rule.rule)) for method, rule in calls(app)}
    documented = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert documented == {(method, path) for method, path in served - REFUSED if path.startswith("/api/")}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            statuses = operation["responses"]
            assert {"401", "403", "500", "503"} <= statuses.keys()
            assert ("404" in statuses) >= ("{" in path and method != "put"), path
            assert operation["security"]
            assert all(scheme.keys() == {"bearer"} for scheme in operation["security"])
            assert operation["summary"]
            # Of these the application hears nothing.
            heard = {status: answer for status, answer in statuses.items() if status not in {"414", "431"}}
            refused = {status: answer for status, answer in heard.items() if status >= "400"}
            assert all("application/problem+json" in answer["content"] for answer in refused.values())
            assert (
                method in {"get", "delete"}
                or "requestBody" in operation
                or path.endswith(("/cancel", "/retry", "/again", "/test", "/replay"))
            )
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))


def test_every_post_that_makes_something_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    makes_nothing = ("/cancel", "/retry", "/cleanup", "/link", "/replay")
    for path, methods in document["paths"].items():
        names = {parameter["name"] for parameter in methods.get("post", {}).get("parameters", [])}
        assert "post" not in methods or path.endswith(makes_nothing) or "Idempotency-Key" in names, path


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    headers = set(re.findall(r'"#/components/headers/([^"]+)"', json.dumps(document)))
    assert headers == document["components"]["headers"].keys()
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert names <= document["components"]["schemas"].keys()
    assert {"Problem", "Result", "AddressList", "Job"} <= names


def test_what_is_nested_is_json_in_a_query(document: dict[str, Any]) -> None:
    parameters = {each["name"]: each["schema"] for each in document["paths"]["/api/uploads"]["post"]["parameters"]}
    for name in ("mapping", "exportOptions"):
        assert (parameters[name]["type"], parameters[name]["contentMediaType"]) == ("string", "application/json")
    assert parameters["exportOptions"]["contentSchema"] == {"$ref": "#/components/schemas/ExportOptions"}


def test_the_page_shows_every_route_and_needs_nothing_from_elsewhere(
    http: FlaskClient, document: dict[str, Any]
) -> None:
    page = http.get("/docs")
    assert page.mimetype == "text/html"
    for path in document["paths"]:
        assert path in page.text
    assert "<code>Idempotency-Key</code>" in page.text
    assert "`" not in page.text
    assert re.findall(r"(?:src|href)=\"(?!#|/openapi\.json)[^\"]*\"|@import|url\(", page.text) == []


def test_answers_are_as_the_document_says(client: Any, owned: dict[str, str], document: dict[str, Any]) -> None:
    import jsonschema

    form = {"file": (io.BytesIO(b"email\na@example.com\n"), "test.csv")}
    file_job = client.post("/api/v1/analysis/analyze-file", data=form).get_json()["jobId"]
    for path, methods in document["paths"].items():
        answer = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {}).get("application/json")
        if answer is None or answer["schema"].get("format") == "binary":
            continue
        ids = {**owned, "job_id": file_job} if path.startswith("/api/v1/") else owned
        body = client.get(path.format(**ids)).get_json()
        jsonschema.validate(body, {**answer["schema"], "components": document["components"]})


def test_what_a_caller_makes_up_is_no_label(http: FlaskClient) -> None:
    made_up = uuid.uuid4().hex
    for method, path in (("GET", f"/no/such/{made_up}"), ("GET", f"/api/jobs/{made_up}"), (made_up, "/api/jobs")):
        http.open(path, method=method)
    counted = [sample.labels for metric in REGISTRY.collect() for sample in metric.samples if "route" in sample.labels]
    assert {"other"} <= {labels["method"] for labels in counted}
    assert {"unmatched", "/api/jobs/<uuid:job_id>"} <= {labels["route"] for labels in counted}
    assert [labels for labels in counted if made_up in str(labels).lower()] == []
