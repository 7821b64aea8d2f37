from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Engine, text

from mailsift.api.app import create_app
from mailsift.api.config import ApiSettings
from mailsift.api.deps import wire
from mailsift.dispatcher.schedules import fire_due
from mailsift.shared.scoring_policy import WEIGHABLE, parse_policy

ROLES_ARE_FINE = {"weights": {"role_account": 0}}
USUAL = {
    "weights": {},
    "caps": {},
    "leadStatus": {"high-quality": 90, "medium-quality": 70},
    "riskLevel": {"low": 80, "medium": 50},
}


def put(client: Any, scoring: Any) -> Any:
    return client.call("PUT", "/api/scoring", json=scoring)


def single(client: Any, **more: Any) -> Any:
    body = {"analysisType": "single", "emailAddress": "info@example.com", **more}
    return client.post("/api/analyses?wait=0", json=body)


def judged_by(client: Any, analysis_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = client.get(f"/api/analyses/{analysis_id}").get_json()["scoring"]
    return shown


def test_a_workspace_says_what_it_weighs_otherwise_and_takes_it_back(client: Any, rows: Any) -> None:
    before = client.get("/api/scoring").get_json()
    assert (before["own"], {**before["effective"], "fingerprint": ""}) == (None, {**USUAL, "fingerprint": ""})
    said = put(client, ROLES_ARE_FINE)
    assert (said.status_code, said.get_json()["own"]) == (200, ROLES_ARE_FINE)
    assert said.get_json() == client.get("/api/scoring").get_json()
    assert said.get_json()["effective"]["weights"] == {"role_account": 0}
    replaced = put(client, {"caps": {"disposable": 60}}).get_json()
    assert (replaced["own"], replaced["effective"]["weights"]) == ({"caps": {"disposable": 60}}, {})
    assert client.call("DELETE", "/api/scoring").get_json() == before
    told = rows("""SELECT "activityType" FROM "userActivities" """)
    assert [each["activityType"] for each in told] == ["scoring_changed"] * 3


def test_an_analysis_is_judged_by_what_held_when_it_was_asked_for(client: Any) -> None:
    put(client, ROLES_ARE_FINE)
    first = single(client).get_json()
    put(client, {"weights": {"role_account": -50}})
    second = single(client, scoring={"weights": {"free_provider": -20}, "riskLevel": {"low": 90, "medium": 10}})
    assert first["scoring"] == judged_by(client, first["analysisId"])
    assert first["scoring"]["weights"] == {"role_account": 0}
    shown = judged_by(client, second.get_json()["analysisId"])
    assert shown["weights"] == {"free_provider": -20, "role_account": -50}
    assert (shown["leadStatus"], shown["riskLevel"]) == (USUAL["leadStatus"], {"low": 90, "medium": 10})
    assert shown["fingerprint"] != first["scoring"]["fingerprint"]


def test_an_analysis_that_follows_an_upload_is_judged_by_the_workspaces_policy(client: Any) -> None:
    put(client, ROLES_ARE_FINE)
    response = client.post(
        "/api/uploads?analysisType=advanced", data=b"email\na@example.com\n", headers={"Content-Type": "text/csv"}
    )
    assert judged_by(client, response.get_json()["analysis"]["analysisId"])["weights"] == {"role_account": 0}


def test_a_scheduled_analysis_is_judged_by_what_operator_and_workspace_say(
    client: Any, rows: Any, dispatcher: Engine
) -> None:
    put(client, ROLES_ARE_FINE)
    upload_id = client.upload()["uploadId"]
    rows("UPDATE uploads SET status = 'completed'")
    body = {"name": "often", "cron": "@hourly", "uploadId": upload_id}
    assert client.post("/api/schedules", json=body).status_code == 201
    rows("""UPDATE schedules SET "nextDueAt" = now() - interval '1 minute'""")
    assert fire_due(dispatcher, operator=parse_policy({"weights": {"role_account": -9, "mx_alias": -1}})) == 1
    (analysis,) = client.get("/api/analyses").get_json()["items"]
    assert analysis["scoring"]["weights"] == {"mx_alias": -1, "role_account": 0}


def test_what_the_operator_says_holds_where_nobody_says_otherwise(client: Any, settings: ApiSettings) -> None:
    operator = parse_policy({"weights": {"role_account": -1, "mx_alias": -1}, "caps": {"parked": 10}})
    with closing(wire(settings.model_copy(update={"scoring_policy": operator}))) as parts:
        client._client = create_app(parts).test_client()
        put(client, ROLES_ARE_FINE)
        effective = client.get("/api/scoring").get_json()["effective"]
        assert effective == single(client).get_json()["scoring"]
    assert effective["weights"] == {"mx_alias": -1, "role_account": 0}
    assert effective["caps"] == {"parked": 10}


@pytest.mark.parametrize(
    ("scoring", "field"),
    [
        ({"weights": {"role_acount": 0}}, "weights.role_acount"),
        ({"weights": {"null_mx": 0}}, "weights.null_mx"),
        ({"weights": {"role_account": 5}}, "weights.role_account"),
        ({"caps": {"disposable": 101}}, "caps.disposable"),
        ({"riskLevel": {"low": 10, "medium": 20}}, "riskLevel"),
    ],
)
def test_what_cannot_be_weighed_is_named(client: Any, scoring: Any, field: str) -> None:
    for response, where in ((put(client, scoring), field), (single(client, scoring=scoring), f"scoring.{field}")):
        problem = response.get_json()
        assert (response.status_code, problem["code"]) == (422, "invalid_scoring")
        assert [fault["field"] for fault in problem["errors"]] == [where]
    assert client.get("/api/scoring").get_json()["own"] is None
    assert client.get("/api/analyses").get_json()["items"] == []


def test_an_unknown_reason_is_answered_with_those_there_are(client: Any) -> None:
    detail = put(client, {"weights": {"role_acount": 0}}).get_json()["detail"]
    assert [reason for reason in WEIGHABLE if reason not in detail] == []


@pytest.mark.parametrize(
    "scoring",
    [
        {"weight": {}},
        {"weights": {"role_account": "0"}},
        {"weights": {"role_account": 0.5}},
        {"weights": []},
        {"leadStatus": {"high-quality": 90}},
        {"riskLevel": {"low": 80, "medium": 50, "high": 1}},
    ],
)
def test_what_has_another_shape_is_refused(client: Any, scoring: Any) -> None:
    assert put(client, scoring).get_json()["code"] == "validation_failed"


def test_only_the_owner_and_the_admins_say_so_for_the_workspace(client: Any, rows: Any) -> None:
    rows("""UPDATE "workspaceMembers" SET role = 'member'""")
    assert put(client, ROLES_ARE_FINE).status_code == 403
    assert client.call("DELETE", "/api/scoring").status_code == 403
    assert client.get("/api/scoring").get_json()["own"] is None
    assert single(client, scoring=ROLES_ARE_FINE).status_code == 202


def test_each_workspace_has_its_own_scoring(client: Any, stranger: Any) -> None:
    put(client, ROLES_ARE_FINE)
    assert stranger.get("/api/scoring").get_json()["own"] is None
    put(stranger, {"weights": {"role_account": -1}})
    assert client.get("/api/scoring").get_json()["own"] == ROLES_ARE_FINE


def test_the_api_changes_only_the_scoring_and_the_name_of_a_workspace(api: Engine) -> None:
    allowed = text("""
        SELECT column_name FROM information_schema.column_privileges
        WHERE grantee = 'mailsift_api' AND table_name = 'workspaces' AND privilege_type = 'UPDATE'
        ORDER BY column_name""")
    with api.connect() as connection:
        assert connection.scalars(allowed).all() == ["name", "scoring"]


def test_the_same_request_with_another_scoring_is_another(client: Any) -> None:
    headers = {"Idempotency-Key": "k"}
    body = {"analysisType": "single", "emailAddress": "info@example.com"}
    assert client.post("/api/analyses?wait=0", json=body, headers=headers).status_code == 202
    other = client.post("/api/analyses?wait=0", json={**body, "scoring": ROLES_ARE_FINE}, headers=headers)
    assert other.get_json()["code"] == "idempotency_key_reused"
