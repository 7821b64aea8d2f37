from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from integration.api.conftest import Client
from mailsift.dispatcher.schedules import USER_LEFT, fire_due
from mailsift.shared.plans import SANDBOX_JOBS_PER_HOUR


@pytest.fixture
def key(client: Client) -> dict[str, Any]:
    return made(client)


@pytest.fixture
def tester(http: FlaskClient, client: Client, key: dict[str, Any]) -> Client:
    return holder(http, client, key)


def made(client: Client, **given: object) -> dict[str, Any]:
    response = client.post("/api/keys", json={"name": "ci", "kind": "test", **given})
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.get_json()
    return body


def holder(http: FlaskClient, client: Client, key: dict[str, Any]) -> Client:
    return Client(http, replace(client.tenant, key=key["key"]))


def test_a_test_key_is_one_of_the_workspace_and_opens_its_sandbox(
    client: Client, tester: Client, key: dict[str, Any]
) -> None:
    assert (key["kind"], key["key"][:4], key["prefix"][:4]) == ("test", "mst_", "mst_")
    assert key["keyId"] in {each["keyId"] for each in client.get("/api/keys").get_json()["items"]}
    (live,), (sandbox,) = (each.get("/api/workspaces").get_json()["items"] for each in (client, tester))
    assert live["workspaceId"] != sandbox["workspaceId"]
    assert (sandbox["name"], sandbox["plan"]) == (f"{live['name']} (sandbox)", live["plan"])


def test_what_is_live_and_what_is_tried_out_never_meet(client: Client, tester: Client, stranger: Client) -> None:
    live, test = client.upload()["uploadId"], tester.upload()["uploadId"]
    seen = {
        who: [upload["uploadId"] for upload in who.get("/api/uploads").get_json()["items"]]
        for who in (client, tester, stranger)
    }
    assert list(seen.values()) == [[live], [test], []]
    assert tester.get(f"/api/uploads/{live}").status_code == client.get(f"/api/uploads/{test}").status_code == 404
    for who, other in ((client, test), (tester, live)):
        asked = who.post("/api/analyses", json={"uploadId": other, "analysisType": "advanced"})
        assert (asked.status_code, asked.get_json()["code"]) == (404, "not_found")


def test_all_test_keys_open_the_same_sandbox(http: FlaskClient, client: Client, tester: Client) -> None:
    upload = tester.upload()["uploadId"]
    assert holder(http, client, made(client)).get(f"/api/uploads/{upload}").status_code == 200


def test_what_is_tried_out_counts_against_nothing_of_the_plan(client: Client, tester: Client, rows: Any) -> None:
    rows("UPDATE workspaces SET plan = 'free'")
    tester.upload()
    own = f"jobs:{client.tenant.workspace_id}"
    assert own not in {row["key"] for row in rows('SELECT key FROM "rateLimits"')}
    client.upload()
    assert own in {row["key"] for row in rows('SELECT key FROM "rateLimits"')}


def test_a_sandbox_has_so_many_jobs_an_hour_of_its_own(client: Client, tester: Client, rows: Any) -> None:
    tester.upload()
    assert rows('SELECT * FROM "rateLimits"') == [], "on the plan `unlimited` it has any number"
    rows("UPDATE workspaces SET plan = 'business'")
    tester.upload()
    (bucket,) = rows('SELECT capacity, round(tokens) AS left FROM "rateLimits"')
    assert (bucket["capacity"], bucket["left"]) == (SANDBOX_JOBS_PER_HOUR, SANDBOX_JOBS_PER_HOUR - 1)
    rows('UPDATE "rateLimits" SET tokens = 0, "updatedAt" = clock_timestamp()')
    refused = tester.post("/api/uploads", data=b"a@example.com")
    assert (refused.status_code, refused.get_json()["code"]) == (429, "job_quota_exceeded")
    assert "the sandbox has 100 jobs an hour" in refused.get_json()["detail"]
    assert client.upload()


def test_a_test_key_makes_neither_keys_nor_guests(tester: Client) -> None:
    refused = [
        tester.post("/api/keys", json={"name": "another"}),
        tester.get("/api/keys"),
        tester.post("/api/guest-tokens", json={"name": "guest", "uses": 1}),
    ]
    assert [(response.status_code, response.get_json()["code"]) for response in refused] == [(403, "forbidden")] * 3


def test_a_test_key_ends_with_the_membership_and_by_revocation(
    http: FlaskClient, client: Client, key: dict[str, Any], tester: Client, rows: Any
) -> None:
    rotated = client.post(f"/api/keys/{key['keyId']}/rotate", json={"overlap": 0}).get_json()
    assert (rotated["kind"], rotated["key"][:4], tester.get("/api/uploads").status_code) == ("test", "mst_", 401)
    second = holder(http, client, rotated)
    assert second.get("/api/uploads").status_code == 200
    assert client.call("DELETE", f"/api/keys/{rotated['keyId']}").status_code == 204
    assert second.get("/api/uploads").status_code == 401
    third = holder(http, client, made(client))
    rows('DELETE FROM "workspaceMembers" WHERE "workspaceId" = :id', id=client.tenant.workspace_id)
    assert third.get("/api/uploads").status_code == 401


def test_schedules_of_a_sandbox_are_fired(tester: Client, rows: Any, dispatcher: Engine) -> None:
    upload = tester.upload()["uploadId"]
    rows("UPDATE uploads SET status = 'completed'")
    made_one = tester.post("/api/schedules", json={"name": "daily", "cron": "@daily", "uploadId": upload})
    assert made_one.status_code == 201
    rows("""UPDATE schedules SET "nextDueAt" = now() - interval '1 minute'""")
    assert fire_due(dispatcher) == 1
    (run,) = tester.get(f"/api/schedules/{made_one.get_json()['scheduleId']}/runs").get_json()["items"]
    assert run["errorCode"] != USER_LEFT
    assert run["analysisId"] is not None
