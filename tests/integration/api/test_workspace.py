"""Who belongs to a workspace, with which keys, and what it took."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from factories import Tenant, make_tenant
from mailsift.api.admin import issue_operator_key

NOBODY = uuid.UUID(int=0)


def holder(client: Any, http: FlaskClient, key: str) -> Any:
    """Whoever has that key."""
    return type(client)(http, Tenant(NOBODY, NOBODY, key))


def make_key(client: Any, **wanted: Any) -> dict[str, Any]:
    response = client.post("/api/keys", json={"name": "import", **wanted})
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.get_json()
    return body


def refused(response: Any) -> tuple[int, str]:
    return response.status_code, response.get_json()["code"]


@pytest.fixture
def member(client: Any, http: FlaskClient) -> Any:
    """A member beside the owner."""
    made = client.post("/api/members", json={"email": "Bob@Example.com", "role": "member"}).get_json()
    key = make_key(client, userId=made["userId"])
    found = holder(client, http, key["key"])
    found.user_id = made["userId"]
    return found


def test_a_key_is_shown_once_and_opens_what_its_scopes_say(client: Any, http: FlaskClient, rows: Any) -> None:
    made = make_key(client, scopes=["read"], expiresIn=3600)
    assert made["key"].startswith(made["prefix"])
    reader = holder(client, http, made["key"])
    assert reader.get("/api/uploads").status_code == 200
    assert refused(reader.post("/api/uploads", data=b"a@example.com")) == (403, "forbidden")
    assert refused(reader.get("/api/keys")) == (403, "forbidden")
    (listed, _) = client.get("/api/keys").get_json()["items"]
    assert listed == {**{name: made[name] for name in listed}, "lastUsedAt": listed["lastUsedAt"]}
    assert listed["lastUsedAt"]
    assert "key" not in listed
    assert made["key"] not in str(rows('SELECT * FROM "apiKeys"'))
    rows("""UPDATE "apiKeys" SET "expiresAt" = now() WHERE name = 'import'""")
    assert reader.get("/api/uploads").status_code == 401


def test_the_last_use_of_a_key_is_written_once_a_minute(client: Any, rows: Any) -> None:
    def used() -> Any:
        return rows('SELECT "lastUsedAt" FROM "apiKeys"')[0]["lastUsedAt"]

    client.get("/api/uploads")
    first = used()
    client.get("/api/uploads")
    assert used() == first
    rows("""UPDATE "apiKeys" SET "lastUsedAt" = now() - interval '61 seconds'""")
    client.get("/api/uploads")
    assert used() > first


def test_a_rotated_key_opens_beside_the_new_one_for_as_long_as_was_said(client: Any, http: FlaskClient) -> None:
    first = make_key(client, scopes=["read"])
    response = client.post(f"/api/keys/{first['keyId']}/rotate", json={"overlap": 60})
    second = response.get_json()
    assert (response.status_code, second["scopes"], second["name"]) == (201, ["read"], "import")
    old, new = (holder(client, http, each["key"]) for each in (first, second))
    assert (old.get("/api/uploads").status_code, new.get("/api/uploads").status_code) == (200, 200)
    third = client.post(f"/api/keys/{second['keyId']}/rotate", json={"overlap": 0}).get_json()
    assert new.get("/api/uploads").status_code == 401
    assert holder(client, http, third["key"]).get("/api/uploads").status_code == 200
    assert refused(client.post(f"/api/keys/{second['keyId']}/rotate", json={})) == (409, "key_ended")


def test_a_revoked_key_stays_revoked(client: Any, http: FlaskClient) -> None:
    made = make_key(client)
    for _ in range(2):
        assert client.call("DELETE", f"/api/keys/{made['keyId']}").status_code == 204
    assert holder(client, http, made["key"]).get("/api/uploads").status_code == 401
    kinds = [item["activityType"] for item in client.get("/api/activities").get_json()["items"]]
    assert kinds == ["key_revoked", "key_created"]


def test_a_repeated_request_makes_one_key_and_does_not_show_it_again(client: Any, rows: Any) -> None:
    headers = {"Idempotency-Key": "once"}
    first, again = (client.post("/api/keys", json={"name": "import"}, headers=headers) for _ in range(2))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.get_json() == {**first.get_json(), "key": None}
    assert first.get_json()["key"] not in str(rows('SELECT * FROM "idempotencyKeys"'))
    other = client.post("/api/keys", json={"name": "other"}, headers=headers)
    assert refused(other) == (422, "idempotency_key_reused")


def test_nobody_makes_a_key_that_may_more_than_the_own(client: Any, http: FlaskClient, member: Any) -> None:
    admin = client.post("/api/members", json={"email": "eve@example.com", "role": "admin"}).get_json()
    admins = holder(client, http, make_key(client, userId=admin["userId"])["key"])
    owner_id = str(client.tenant.user_id)
    assert refused(admins.post("/api/keys", json={"name": "x", "userId": owner_id})) == (403, "forbidden")
    assert make_key(admins, userId=owner_id, scopes=["write"])["userId"] == owner_id
    assert refused(member.post("/api/keys", json={"name": "x", "userId": owner_id})) == (403, "forbidden")
    held = holder(client, http, make_key(client, scopes=["write"])["key"])
    assert refused(held.post("/api/keys", json={"name": "x", "scopes": ["write"]})) == (403, "forbidden")


def test_members_see_and_end_their_own_keys_only(client: Any, member: Any) -> None:
    own = make_key(member, scopes=["read"])
    foreign = make_key(client)
    shown = {item["userId"] for item in member.get("/api/keys").get_json()["items"]}
    assert shown == {member.user_id}
    assert refused(member.call("DELETE", f"/api/keys/{foreign['keyId']}")) == (404, "not_found")
    assert member.call("DELETE", f"/api/keys/{own['keyId']}").status_code == 204
    assert len(client.get("/api/keys").get_json()["items"]) == 4


def test_a_member_is_added_changed_and_removed(client: Any, member: Any) -> None:
    path = f"/api/members/{member.user_id}"
    assert client.get(path).get_json()["email"] == "bob@example.com"
    again = client.post("/api/members", json={"email": "bob@example.com", "role": "viewer"})
    assert refused(again) == (409, "already_a_member")
    assert client.call("PATCH", path, json={"role": "viewer"}).get_json()["role"] == "viewer"
    assert refused(member.post("/api/uploads", data=b"a@example.com")) == (403, "forbidden")
    assert client.call("DELETE", path).status_code == 204
    assert member.get("/api/uploads").status_code == 401
    assert client.post("/api/members", json={"email": "bob@example.com", "role": "member"}).status_code == 201
    assert member.get("/api/uploads").status_code == 401, "an old key came back with its owner"


def test_only_owners_have_a_say_about_owners_and_one_stays(client: Any, member: Any) -> None:
    owner_path = f"/api/members/{client.tenant.user_id}"
    assert refused(client.call("PATCH", owner_path, json={"role": "viewer"})) == (409, "last_owner")
    assert refused(client.call("DELETE", owner_path)) == (409, "last_owner")
    client.call("PATCH", f"/api/members/{member.user_id}", json={"role": "admin"})
    assert refused(member.call("DELETE", owner_path)) == (403, "forbidden")
    assert refused(member.post("/api/members", json={"email": "x@example.com", "role": "owner"})) == (403, "forbidden")
    client.call("PATCH", f"/api/members/{member.user_id}", json={"role": "owner"})
    assert member.call("DELETE", owner_path).status_code == 204


def test_a_person_is_the_same_in_two_workspaces_and_neither_sees_the_other(client: Any, stranger: Any) -> None:
    wanted = {"email": "ann@example.com", "role": "viewer"}
    first, second = (each.post("/api/members", json=wanted).get_json() for each in (client, stranger))
    assert first["userId"] == second["userId"]
    assert uuid.UUID(first["userId"]).version == 4, "it tells since when the other knows the person"
    assert len(client.get("/api/members").get_json()["items"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"email": "x", "role": "viewer"},
        {"email": "a@b.example", "role": "king"},
        {"email": "a@b.example"},
        {"email": "a@b.example", "role": "viewer", "plan": "pro"},
    ],
)
def test_a_member_that_cannot_be_is_refused(client: Any, body: dict[str, str]) -> None:
    assert refused(client.post("/api/members", json=body)) == (422, "validation_failed")


def test_a_guest_asks_a_few_times_sees_the_own_only_and_is_out(client: Any, http: FlaskClient, rows: Any) -> None:
    made = client.post("/api/guest-tokens", json={"uses": 2, "expiresIn": 600}).get_json()
    guest = holder(client, http, made["token"])
    jobs = [guest.post("/api/jobs/analyze", json={"domain": "example.com"}) for _ in range(3)]
    assert [job.status_code for job in jobs] == [202, 202, 403]
    assert refused(jobs[2]) == (403, "guest_token_used_up")
    poll_url = jobs[0].get_json()["pollUrl"]
    assert guest.get(poll_url).status_code == 200
    assert client.get(poll_url).status_code == 404
    for path in ("/api/jobs", "/api/uploads", "/api/members", "/api/keys", "/api/workspaces", "/api/stats"):
        assert refused(guest.get(path)) == (403, "forbidden")
    assert refused(guest.post("/api/uploads", data=b"a@example.com")) == (403, "forbidden")
    (listed,) = client.get("/api/guest-tokens").get_json()["items"]
    assert (listed["uses"], listed["usesLeft"], bool(listed["lastUsedAt"])) == (2, 0, True)
    assert made["token"] not in str(rows('SELECT * FROM "guestTokens"'))


def test_a_use_that_came_to_nothing_is_given_back(client: Any, http: FlaskClient) -> None:
    made = client.post("/api/guest-tokens", json={"uses": 1}).get_json()
    guest = holder(client, http, made["token"])
    assert guest.post("/api/jobs/analyze", json={"domain": "no domain"}).status_code == 422
    headers = {"Idempotency-Key": "k"}
    for _ in range(2):
        assert guest.post("/api/jobs/analyze", json={"domain": "example.com"}, headers=headers).status_code == 202


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_guests_token_ends(client: Any, http: FlaskClient, rows: Any, end: str) -> None:
    made = client.post("/api/guest-tokens", json={}).get_json()
    if end == "revoked":
        assert client.call("DELETE", f"/api/guest-tokens/{made['guestTokenId']}").status_code == 204
    else:
        rows('UPDATE "guestTokens" SET "expiresAt" = now()')
    refusal = holder(client, http, made["token"]).post("/api/jobs/analyze", json={"domain": "example.com"})
    assert refused(refusal) == (401, "unauthorized")


def test_what_guests_may_ask_for_is_paid_for_when_the_token_is_made(client: Any, rows: Any) -> None:
    rows("UPDATE workspaces SET plan = 'free'")
    assert client.post("/api/guest-tokens", json={"uses": 100}).status_code == 201
    assert refused(client.post("/api/guest-tokens", json={"uses": 10})) == (429, "job_quota_exceeded")
    assert len(client.get("/api/guest-tokens").get_json()["items"]) == 1


def test_a_workspace_is_renamed_by_its_admins(client: Any, member: Any) -> None:
    (shown,) = client.get("/api/workspaces").get_json()["items"]
    path = f"/api/workspaces/{client.tenant.workspace_id}"
    assert client.call("PATCH", path, json={"name": "Acme & Sons"}).get_json() == {**shown, "name": "Acme & Sons"}
    assert client.get(path).get_json()["name"] == "Acme & Sons"
    assert refused(member.call("PATCH", path, json={"name": "Mine"})) == (403, "forbidden")
    assert refused(client.call("PATCH", path, json={"name": "x", "plan": "pro"})) == (422, "validation_failed")


def test_an_operator_makes_workspaces_and_moves_them_to_other_plans(
    client: Any, http: FlaskClient, owner: Engine, rows: Any
) -> None:
    operator = holder(client, http, issue_operator_key(owner, "ann")[1])
    path = f"/api/workspaces/{uuid.uuid4()}"
    wanted = {"name": "New", "plan": "free", "email": "own@example.com"}
    made = operator.call("PUT", path, json=wanted)
    assert made.status_code == 201
    owned = holder(client, http, made.get_json()["key"])
    assert owned.get("/api/members").get_json()["items"][0]["role"] == "owner"
    again = operator.call("PUT", path, json={**wanted, "plan": "pro"})
    assert (again.status_code, again.get_json()["key"], again.get_json()["plan"]) == (200, None, "pro")
    assert owned.get("/api/stats").get_json()["limits"]["jobsPerHour"] == 1_000
    assert len(operator.get("/api/workspaces").get_json()["items"]) == 2
    assert operator.get(path).get_json()["name"] == "New"
    assert refused(operator.get(f"/api/workspaces/{NOBODY}")) == (404, "not_found")
    assert refused(client.call("PUT", path, json=wanted)) == (403, "forbidden")
    told = owned.get("/api/activities").get_json()["items"]
    assert [(item["activityType"], item["byOperator"]) for item in told] == [
        ("workspace_changed", True),
        ("workspace_created", True),
    ]
    ownerless = operator.call("PUT", f"/api/workspaces/{uuid.uuid4()}", json={"name": "x", "plan": "free"})
    assert ownerless.status_code == 201
    assert len(rows("SELECT * FROM workspaces")) == 3


def test_stats_tell_what_was_taken_this_month(client: Any, rows: Any, owner: Engine) -> None:
    with owner.begin() as connection:
        make_tenant(connection, "Other")
    client.upload()
    client.upload(b"b@example.com")
    rows("""UPDATE uploads SET "totalRows" = 7""")
    said = client.get("/api/stats").get_json()
    assert (said["plan"], said["limits"]["uploadRows"]) == ("unlimited", None)
    month = said["month"]
    assert (month["uploads"], month["rows"], month["bytes"], month["jobs"]) == (2, 14, 33, 2)
    assert (month["analyses"], month["exports"]) == (0, 0)
    rows("""UPDATE uploads SET "createdAt" = now() - interval '32 days'""")
    assert client.get("/api/stats").get_json()["month"]["uploads"] == 0
