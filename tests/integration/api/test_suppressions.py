from __future__ import annotations

from typing import Any

import pytest


def suppress(client: Any, *values: str, **more: Any) -> Any:
    return client.post("/api/suppressions", json={"values": list(values), **more})


def listed(client: Any, query: str = "") -> list[tuple[str, str, str | None]]:
    items = client.get(f"/api/suppressions{query}").get_json()["items"]
    return [(item["kind"], item["value"], item["reason"]) for item in items]


def test_addresses_and_domains_are_suppressed_and_let_go(client: Any, rows: Any) -> None:
    response = suppress(client, "Ann@Example.com", "@example.org", "ann@example.com", reason="asked for it")
    assert (response.status_code, response.get_json()) == (200, {"added": 2, "alreadySuppressed": 0})
    assert sorted(listed(client)) == [
        ("address", "ann@example.com", "asked for it"),
        ("domain", "example.org", "asked for it"),
    ]
    again = suppress(client, "ANN@example.com", "example.net", reason="another")
    assert again.get_json() == {"added": 1, "alreadySuppressed": 1}
    assert listed(client, "?kind=address") == [("address", "ann@example.com", "asked for it")]
    gone = client.call("DELETE", "/api/suppressions", json={"values": ["ANN@example.com", "nobody@example.com"]})
    assert (gone.status_code, gone.get_json()) == (200, {"removed": 1})
    assert {value for _, value, _ in listed(client)} == {"example.org", "example.net"}
    told = rows("""SELECT "activityType", "activityDetails" FROM "userActivities" ORDER BY "createdAt" """)
    assert [(each["activityType"], each["activityDetails"]) for each in told] == [
        ("suppressions_added", {"added": 2}),
        ("suppressions_added", {"added": 1}),
        ("suppressions_removed", {"removed": 1}),
    ]


def test_a_hundred_thousand_go_in_at_once(client: Any) -> None:
    values = [f"user{number}@example.com" for number in range(99_000)] + [
        f"d{number}.example" for number in range(1000)
    ]
    assert suppress(client, *values).get_json() == {"added": 100_000, "alreadySuppressed": 0}
    assert suppress(client, *values, "one.example").get_json()["code"] == "validation_failed"
    assert client.get("/api/suppressions?limit=1000").get_json()["next"]


def test_pages_reach_everything_once(client: Any) -> None:
    suppress(client, *(f"user{number}@example.com" for number in range(7)))
    page = client.get("/api/suppressions?limit=3").get_json()
    seen = [item["value"] for item in page["items"]]
    while page["next"]:
        page = client.get(f"/api/suppressions?limit=3&cursor={page['next']}").get_json()
        seen += [item["value"] for item in page["items"]]
    assert sorted(seen) == [f"user{number}@example.com" for number in range(7)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"values": ["ann@example.com", "email"]}, "values.1"),
        ({"values": ["*.example.com"]}, "values.0"),
        ({"values": ["a\0@example.com"]}, "values.0"),
        ({"values": ["\ud800@example.com"]}, "values.0"),
        ({"values": [1]}, "values.0"),
        ({"values": []}, "values"),
        ({}, "values"),
        ({"values": ["a.example"], "reason": ""}, "reason"),
        ({"values": ["a.example"], "other": 1}, "other"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_suppressed(client: Any, body: dict[str, Any], field: str) -> None:
    response = client.post("/api/suppressions", json=body)
    assert (response.status_code, response.get_json()["code"]) == (422, "validation_failed")
    assert [fault["field"] for fault in response.get_json()["errors"]] == [field]
    assert listed(client) == []


def test_a_body_beyond_the_limit_is_refused(client: Any) -> None:
    values = ["x" * 60 + f"{number}@example.com" for number in range(99_999)]
    assert suppress(client, *values).get_json()["code"] == "body_too_large"


def test_the_same_request_with_the_same_key_is_answered_as_before(client: Any) -> None:
    first, second = (
        client.post("/api/suppressions", json={"values": ["a.example"]}, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    )
    assert first.get_json() == second.get_json() == {"added": 1, "alreadySuppressed": 0}
    assert second.headers["Idempotency-Replayed"] == "true"


def test_each_workspace_has_its_own(client: Any, stranger: Any) -> None:
    suppress(client, "ann@example.com")
    assert listed(stranger) == []
    assert stranger.call("DELETE", "/api/suppressions", json={"values": ["ann@example.com"]}).get_json() == {
        "removed": 0
    }
    assert suppress(stranger, "ann@example.com").get_json()["added"] == 1
    assert len(listed(client)) == 1


def test_only_the_owner_and_the_admins_let_them_go(client: Any, rows: Any) -> None:
    suppress(client, "ann@example.com")
    rows("""UPDATE "workspaceMembers" SET role = 'member'""")
    assert suppress(client, "bob@example.com").status_code == 200
    refused = client.call("DELETE", "/api/suppressions", json={"values": ["ann@example.com"]})
    assert (refused.status_code, len(listed(client))) == (403, 2)


@pytest.mark.parametrize("value", ["ann@example.com", "example.com", "com.example"])
def test_a_suppressed_address_is_not_analysed(client: Any, rows: Any, value: str) -> None:
    suppress(client, value)
    body = {
        "analysisType": "single",
        "emailAddress": "ANN@mail.com.example" if value == "com.example" else "ANN@example.com",
    }
    response = client.post("/api/analyses?wait=0", json=body)
    assert (response.status_code, response.get_json()["code"]) == (409, "address_suppressed")
    assert rows("SELECT FROM analyses") == []
    other = client.post("/api/analyses?wait=0", json={**body, "emailAddress": "ann@example.net"})
    assert other.status_code == 202
