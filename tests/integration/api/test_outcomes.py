from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import Engine, text

from factories import Tenant, make_analysis
from mailsift.api.repository import outcomes
from mailsift.shared.db.session import tenant_transaction

RESULT = """
    INSERT INTO "advancedEmailResults" (
        "analysisId", "sequenceNumber", "emailAddress", "normalizedAddress", status, "subStatus", "deliverabilityScore",
        "leadStatus", "riskLevel", "isValidSyntax", "isCorporate", "isFree", "isDisposable", "isRelay", "isRoleBased",
        "mailboxChecked", reasons, "scoreBreakdown", "scoreVersion")
    VALUES (:id, :number, :address, :address, 'valid', 'domain_accepts_mail', :score, :lead, 'low',
        true, true, false, false, false, false, false, '{}', '[]', 1)"""


def report(client: Any, **body: Any) -> Any:
    return client.post("/api/outcomes", json=body)


def calibration(client: Any) -> dict[str, Any]:
    shown: dict[str, Any] = client.get("/api/outcomes").get_json()
    return shown


class Judge:
    """Judges addresses, one analysis after the other."""

    def __init__(self, owner: Engine, tenant: Tenant) -> None:
        self._owner, self._tenant = owner, tenant

    def judge(self, scores: dict[str, int], lead: str | None = "high-quality") -> uuid.UUID:
        with self._owner.begin() as connection:
            analysis_id = make_analysis(connection, self._tenant, None)
            for number, (address, score) in enumerate(scores.items(), 1):
                known = {"id": analysis_id, "number": number, "address": address, "score": score, "lead": lead}
                connection.execute(text(RESULT), known)
        return analysis_id


@pytest.fixture
def judge(owner: Engine, tenant: Tenant) -> Judge:
    return Judge(owner, tenant)


def test_outcomes_are_held_against_the_scores(client: Any, judge: Judge, rows: Any) -> None:
    good = {f"good{number}@example.com": 95 for number in range(10)} | {"perfect@example.com": 100}
    judge.judge(good)
    judge.judge({f"bad{number}@example.com": 9 for number in range(4)}, lead="low-quality")
    response = report(
        client,
        delivered=[*(address.upper() for address in good), "bad0@example.com", "nobody@example.com"],
        bounced=["bad1@example.com", "bad2@example.com", "good0@example.com"],
    )
    assert (response.status_code, response.get_json()) == (200, {"added": 15, "updated": 0})
    shown = calibration(client)
    assert (shown["outcomes"], shown["matched"], shown["complete"]) == (15, 14, True)
    assert shown["total"]["bounceRate"] == 0.2143
    assert [(band["fromScore"], band["toScore"]) for band in shown["byScore"]] == [
        *((low, low + 9) for low in range(0, 90, 10)),
        (90, 100),
    ]
    assert shown["byScore"][9] == {
        "fromScore": 90,
        "toScore": 100,
        "delivered": 10,
        "bounced": 1,
        "bounceRate": 0.0909,
        "interval": {"low": 0.0162, "high": 0.3774},
    }
    assert (shown["byScore"][0]["delivered"], shown["byScore"][0]["bounced"]) == (1, 2)
    assert (shown["byScore"][5]["bounceRate"], shown["byScore"][5]["interval"]) == (None, None)
    leads = {each["leadStatus"]: (each["delivered"], each["bounced"]) for each in shown["byLeadStatus"]}
    assert leads == {
        "high-quality": (10, 1),
        "medium-quality": (0, 0),
        "low-quality": (1, 2),
        "invalid": (0, 0),
        "unknown": (0, 0),
    }
    (told,) = rows("""SELECT "activityType", "activityDetails" FROM "userActivities" """)
    assert (told["activityType"], told["activityDetails"]) == ("outcomes_reported", {"added": 15, "updated": 0})


def test_an_address_counts_with_its_latest_verdict_and_its_last_outcome(client: Any, judge: Judge) -> None:
    judge.judge({"ann@example.com": 15})
    judge.judge({"ann@example.com": 85})
    report(client, delivered=["ann@example.com"])
    assert report(client, bounced=["ann@example.com"]).get_json() == {"added": 0, "updated": 1}
    bands = [(band["delivered"], band["bounced"]) for band in calibration(client)["byScore"]]
    assert bands == [*[(0, 0)] * 8, (0, 1), (0, 0)]


def test_an_analysis_that_tells_nothing_of_leads_counts_by_score_only(client: Any, judge: Judge) -> None:
    judge.judge({"ann@example.com": 85}, lead=None)
    report(client, delivered=["ann@example.com"])
    shown = calibration(client)
    assert (shown["matched"], shown["byScore"][8]["delivered"]) == (1, 1)
    assert {each["delivered"] for each in shown["byLeadStatus"]} == {0}


def test_an_address_that_is_reported_both_ways_has_bounced(client: Any, judge: Judge) -> None:
    judge.judge({"ann@example.com": 50})
    report(client, delivered=["ann@example.com"], bounced=["ANN@example.com"])
    assert (calibration(client)["total"]["delivered"], calibration(client)["total"]["bounced"]) == (0, 1)


def test_results_are_looked_through_part_by_part_for_as_long_as_there_is_time(
    client: Any, judge: Judge, api: Engine, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "MOST_SINGLE", 5)
    monkeypatch.setattr(outcomes, "PART_RESULTS", 2)
    judge.judge({f"user{number}@example.com": 15 for number in range(5)})
    judge.judge({"user1@example.com": 85, "bob@example.com": 85})
    delivered = ["bob@example.com", *(f"user{number}@example.com" for number in range(5))]
    report(client, delivered=delivered)
    with tenant_transaction(api, tenant.workspace_id) as connection:
        outcomes.look_up_new(connection, tenant.workspace_id, seconds=-1)
    assert (calibration(client)["matched"], calibration(client)["complete"]) == (0, False)
    report(client, delivered=delivered)
    with tenant_transaction(api, tenant.workspace_id) as connection:
        outcomes.look_up_new(connection, tenant.workspace_id, seconds=3600)
    assert (calibration(client)["matched"], calibration(client)["complete"]) == (6, True)
    assert [band["delivered"] for band in calibration(client)["byScore"]] == [0, 4, 0, 0, 0, 0, 0, 0, 2, 0]


def test_what_is_known_once_is_looked_for_no_more(client: Any, judge: Judge, rows: Any) -> None:
    judge.judge({"ann@example.com": 15})
    report(client, delivered=["ann@example.com"], bounced=["nobody@example.com"])
    first = calibration(client)
    assert (first["outcomes"], first["matched"], first["complete"]) == (2, 1, True)
    rows('DELETE FROM "advancedEmailResults"')
    judge.judge({"nobody@example.com": 85})
    assert calibration(client) == first
    assert report(client, bounced=["ann@example.com"]).get_json() == {"added": 0, "updated": 1}
    assert calibration(client)["byScore"][1]["bounced"] == 1


def test_without_anything_there_is_nothing_to_say(client: Any) -> None:
    shown = calibration(client)
    assert (shown["outcomes"], shown["matched"], shown["complete"], shown["total"]["interval"]) == (0, 0, True, None)


def test_each_workspace_sees_its_own_outcomes_and_results_only(client: Any, stranger: Any, judge: Judge) -> None:
    judge.judge({"ann@example.com": 95})
    report(stranger, bounced=["ann@example.com"])
    assert (calibration(stranger)["outcomes"], calibration(stranger)["matched"]) == (1, 0)
    assert calibration(client)["outcomes"] == 0
    assert client.call("DELETE", "/api/outcomes").get_json() == {"removed": 0}
    assert calibration(stranger)["outcomes"] == 1


def test_the_same_request_with_the_same_key_is_answered_as_before(client: Any) -> None:
    first, second = (
        client.post("/api/outcomes", json={"bounced": ["a@example.com"]}, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    )
    assert first.get_json() == second.get_json() == {"added": 1, "updated": 0}
    assert second.headers["Idempotency-Replayed"] == "true"
    other = client.post("/api/outcomes", json={"delivered": ["a@example.com"]}, headers={"Idempotency-Key": "k"})
    assert other.get_json()["code"] == "idempotency_key_reused"


def test_a_hundred_thousand_go_in_at_once_and_no_more(client: Any) -> None:
    addresses = [f"user{number}@example.com" for number in range(100_000)]
    assert report(client, delivered=addresses[:50_000], bounced=addresses[50_000:]).get_json()["added"] == 100_000
    refused = report(client, delivered=addresses[:50_001], bounced=addresses[50_000:])
    assert refused.get_json()["code"] == "validation_failed"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"delivered": [], "bounced": []}, ""),
        ({"delivered": ["ann"]}, "delivered.0"),
        ({"bounced": ["ann@example.com", 1]}, "bounced.1"),
        ({"bounced": ["a\0@example.com"]}, "bounced.0"),
        ({"bounced": ["\ud800@example.com"]}, "bounced.0"),
        ({"bounced": "ann@example.com"}, "bounced"),
        ({"complained": ["ann@example.com"]}, "complained"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_recorded(client: Any, body: dict[str, Any], field: str) -> None:
    response = client.post("/api/outcomes", json=body)
    assert (response.status_code, response.get_json()["code"]) == (422, "validation_failed")
    assert field in [fault["field"] for fault in response.get_json()["errors"]]
    assert calibration(client)["outcomes"] == 0


def test_only_the_owner_and_the_admins_have_them_forgotten(client: Any, rows: Any) -> None:
    report(client, delivered=["ann@example.com", "bob@example.com"])
    rows("""UPDATE "workspaceMembers" SET role = 'member'""")
    assert report(client, bounced=["cy@example.com"]).status_code == 200
    assert client.call("DELETE", "/api/outcomes").status_code == 403
    rows("""UPDATE "workspaceMembers" SET role = 'admin'""")
    assert client.call("DELETE", "/api/outcomes").get_json() == {"removed": 3}
    assert calibration(client)["outcomes"] == 0
