from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from conftest import Database
from mailsift.api.admin import bootstrap, issue_key


def status_with(http: FlaskClient, key: str | None) -> int:
    return http.get("/api/uploads", headers={"Authorization": f"Bearer {key}"}).status_code


def test_the_first_run_makes_a_workspace_an_owner_and_a_key_that_works(owner: Engine, http: FlaskClient) -> None:
    made = bootstrap(owner, "Acme", "ann@example.com")
    assert status_with(http, made.key) == 200
    with owner.begin() as connection:
        (row,) = connection.execute(
            text('SELECT w.name, m.role FROM workspaces w JOIN "workspaceMembers" m USING ("workspaceId")')
        )
        stored = str(connection.execute(text('SELECT * FROM "apiKeys"')).one())
    assert tuple(row) == ("Acme", "owner")
    assert made.key is not None
    assert made.key not in stored
    assert made.key.startswith("ms_")


def test_a_second_run_changes_nothing_and_shows_no_key(owner: Engine) -> None:
    first = bootstrap(owner)
    again = bootstrap(owner)
    assert (again.workspace_id, again.user_id, again.key) == (first.workspace_id, first.user_id, None)


def test_a_workspace_whose_keys_are_all_revoked_gets_one(owner: Engine, http: FlaskClient) -> None:
    first = bootstrap(owner)
    with owner.begin() as connection:
        connection.execute(text('UPDATE "apiKeys" SET "revokedAt" = now()'))
    again = bootstrap(owner)
    assert again.workspace_id == first.workspace_id
    assert (status_with(http, first.key), status_with(http, again.key)) == (401, 200)


def test_two_runs_at_once_make_one_workspace(owner: Engine) -> None:
    with ThreadPoolExecutor() as pool:
        made = list(pool.map(lambda _: bootstrap(owner), range(4)))
    assert len({one.workspace_id for one in made}) == 1
    assert len([one for one in made if one.key]) == 1


def test_one_more_key_can_be_issued(owner: Engine, http: FlaskClient) -> None:
    made = bootstrap(owner)
    assert status_with(http, issue_key(owner, made.workspace_id, made.user_id, "laptop")) == 200


def plans(owner: Engine) -> list[str]:
    with owner.begin() as connection:
        return list(connection.scalars(text("SELECT plan FROM workspaces")))


def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return command("bootstrap", "--workspace", "Acme", *options, **environment)


def command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mailsift.api.admin", *words]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def test_the_command_prints_the_key_once(database: Database, http: FlaskClient) -> None:
    first = run(DATABASE_URL=database.owner_url)
    assert first.returncode == 0, first.stderr
    words = dict(line.split("=", 1) for line in first.stdout.splitlines())
    assert status_with(http, words["apiKey"]) == 200
    again = run(DATABASE_URL=database.owner_url)
    assert again.returncode == 0
    assert words["workspaceId"] in again.stdout
    assert "apiKey" not in again.stdout


def test_the_command_prints_json_for_programs(database: Database, http: FlaskClient) -> None:
    first = json.loads(run("--json", DATABASE_URL=database.owner_url).stdout)
    assert first.keys() == {"workspaceId", "userId", "apiKey"}
    assert status_with(http, first["apiKey"]) == 200
    assert json.loads(run("--json", DATABASE_URL=database.owner_url).stdout) == {**first, "apiKey": None}


@pytest.mark.parametrize("url", ["", "mysql://x"])
def test_the_command_without_a_database_says_so(url: str) -> None:
    ended = run(DATABASE_URL=url)
    assert ended.returncode == 2
    assert "DATABASE_URL" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_operators_own_workspace_has_no_limits_unless_wanted(database: Database, owner: Engine) -> None:
    assert run("--plan", "pro", DATABASE_URL=database.owner_url).returncode == 0
    assert plans(owner) == ["pro"]
    assert run(DATABASE_URL=database.owner_url).returncode == 0
    assert plans(owner) == ["pro"], "a second run changed the plan"


def test_a_workspace_is_unlimited_by_default(owner: Engine) -> None:
    bootstrap(owner)
    assert plans(owner) == ["unlimited"]


def test_a_workspace_is_put_on_another_plan(database: Database, owner: Engine) -> None:
    made = bootstrap(owner)
    assert command("plan", str(made.workspace_id), "free", DATABASE_URL=database.owner_url).returncode == 0
    assert plans(owner) == ["free"]
    for words in ((str(made.user_id), "free"), (str(made.workspace_id), "gold"), ("acme", "free")):
        refused = command("plan", *words, DATABASE_URL=database.owner_url)
        assert refused.returncode in {1, 2}
        assert "Traceback" not in refused.stderr
    assert plans(owner) == ["free"]
