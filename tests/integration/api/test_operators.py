"""Keys of operators: made by command, and what they open."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from conftest import Database
from factories import Tenant, make_upload
from mailsift.api.admin import issue_operator_key, main
from mailsift.shared.db.activities import Activity, record_operated
from mailsift.shared.db.session import operator_transaction, tenant_transaction


def test_an_operators_key_opens_nothing_of_a_tenant(http: Any, owner: Engine) -> None:
    _, key = issue_operator_key(owner, "ann")
    response = http.get("/api/uploads", headers={"Authorization": f"Bearer {key}"})
    assert (response.status_code, response.get_json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("change", ['"revokedAt" = now()', '"expiresAt" = now()', "\"keyHash\" = 'x'"])
def test_an_operators_key_that_is_void_opens_nothing(http: Any, owner: Engine, rows: Any, change: str) -> None:
    _, key = issue_operator_key(owner, "ann")
    rows(f'UPDATE "operatorKeys" SET {change}')
    assert http.get("/api/uploads", headers={"Authorization": f"Bearer {key}"}).status_code == 401


def test_keys_of_operators_are_made_listed_and_revoked_by_command(
    database: Database, http: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.owner_url)
    assert main(["operator-key", "ann", "--days", "30"]) == 0
    made = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    authorization = {"Authorization": f"Bearer {made['operatorKey']}"}
    assert http.get("/api/uploads", headers=authorization).status_code == 403
    capsys.readouterr()
    assert main(["operator-keys"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).strftime("%Y-%m")
    assert made["operatorKeyId"] in line
    assert f"ann, until {until}" in line
    assert made["operatorKey"] not in line
    assert main(["revoke-operator-key", made["operatorKeyId"]]) == 0
    assert http.get("/api/uploads", headers=authorization).status_code == 401
    assert main(["revoke-operator-key", made["operatorKeyId"]]) == 1
    capsys.readouterr()
    assert main(["operator-keys"]) == 0
    assert capsys.readouterr().out == ""


def test_an_operator_sees_jobs_and_people_of_all_tenants_and_none_of_their_lists(
    api: Engine, owner: Engine, tenant: Tenant
) -> None:
    with owner.begin() as connection:
        make_upload(connection, tenant)
    with operator_transaction(api) as connection:
        assert connection.scalar(text("SELECT count(*) FROM workspaces")) == 1
        assert connection.scalar(text('SELECT count(*) FROM "jobQueue"')) == 0
    for table in ('"uploadEmails"', '"advancedEmailResults"', '"apiKeys"', "suppressions", '"operatorKeys"'):
        with pytest.raises(ProgrammingError, match="permission denied"), operator_transaction(api) as connection:
            connection.execute(text(f"SELECT * FROM {table}"))


def test_the_api_is_no_operator_before_or_after(api: Engine, tenant: Tenant) -> None:
    with operator_transaction(api):
        pass
    with api.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM workspaces")) == 0
        assert connection.scalar(text("SELECT current_user")) == "mailsift_api"
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        tenant_transaction(api, tenant.workspace_id) as connection,
    ):
        connection.execute(text("UPDATE workspaces SET plan = 'unlimited'"))


def test_what_an_operator_does_is_in_the_history_of_the_workspace_or_of_none(
    api: Engine, owner: Engine, client: Any, http: Any
) -> None:
    client.upload()
    key_id, key = issue_operator_key(owner, "ann")
    workspace_id = client.tenant.workspace_id
    with operator_transaction(api) as connection:
        record_operated(connection, key_id, Activity.SCORING_CHANGED, workspace_id)
        record_operated(connection, key_id, Activity.SCORING_CHANGED)
    item, _ = client.get("/api/activities").get_json()["items"]
    assert (item["userId"], item["byOperator"], item["entityId"]) == (None, True, str(workspace_id))
    seen = http.get("/api/activities", headers={"Authorization": f"Bearer {key}"}).get_json()["items"]
    assert [(each["byOperator"], each["workspaceId"]) for each in seen] == [(True, None), (True, str(workspace_id))]
