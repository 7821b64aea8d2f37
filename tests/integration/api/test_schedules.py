from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from factories import make_tenant
from mailsift.api.actions.scheduling import MOST
from mailsift.dispatcher.schedules import fire_due


@pytest.fixture
def upload_id(client: Any, rows: Any) -> str:
    found: str = client.upload()["uploadId"]
    rows("UPDATE uploads SET status = 'completed'")
    return found


@pytest.fixture
def schedule(client: Any, upload_id: str) -> dict[str, Any]:
    return made(client, upload_id, name="daily", cron="0 9 * * *")


def ask(client: Any, upload_id: str, **given: object) -> Any:
    return client.post("/api/schedules", json={"name": "every day", "cron": "@daily", "uploadId": upload_id, **given})


def made(client: Any, upload_id: str, **given: object) -> dict[str, Any]:
    response = ask(client, upload_id, **given)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.get_json()
    return body


def changed(client: Any, schedule: dict[str, Any], **given: object) -> dict[str, Any]:
    response = client.call("PATCH", f"/api/schedules/{schedule['scheduleId']}", json=given)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.get_json()
    return body


def refused(response: Any) -> tuple[int, str]:
    return response.status_code, response.get_json()["code"]


def hour_of(schedule: dict[str, Any]) -> tuple[int, int]:
    due = dt.datetime.fromisoformat(schedule["nextDueAt"])
    return due.hour, due.minute


def test_a_schedule_says_when_it_is_due_next(client: Any, upload_id: str) -> None:
    response = ask(client, upload_id, name="noon", cron="30 12 * * *", exportType="jsonl")
    body = response.get_json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/schedules/{body['scheduleId']}"
    assert (body["name"], body["cron"], body["timezone"]) == ("noon", "30 12 * * *", "UTC")
    assert (body["uploadId"], body["exportType"], body["enabled"]) == (upload_id, "jsonl", True)
    assert body["analysisType"] == "advanced"
    assert hour_of(body) == (12, 30)
    due = dt.datetime.fromisoformat(body["nextDueAt"])
    assert dt.timedelta(0) < due - dt.datetime.now(dt.UTC) < dt.timedelta(days=1)
    assert client.get(response.headers["Location"]).get_json() == body
    assert client.get("/api/schedules").get_json() == {"items": [body], "next": None}


def test_the_hour_is_one_of_the_zone(client: Any, upload_id: str) -> None:
    body = made(client, upload_id, cron="0 12 * * *", timezone="Asia/Kolkata")
    assert hour_of(body) == (6, 30)


def test_what_is_looked_at_each_time_is_said_and_can_be_changed(client: Any, upload_id: str) -> None:
    body = made(client, upload_id, analysisType="bulk")
    assert body["analysisType"] == "bulk"
    assert changed(client, body, name="other")["analysisType"] == "bulk"
    assert changed(client, body, analysisType="advanced")["analysisType"] == "advanced"


def test_one_that_is_switched_off_is_not_due(client: Any, upload_id: str) -> None:
    assert made(client, upload_id, enabled=False)["nextDueAt"] is None


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"cron": "* * * *"}, "invalid_cron", "cron"),
        ({"cron": "* * * * * *"}, "invalid_cron", "cron"),
        ({"cron": "61 * * * *"}, "invalid_cron", "cron"),
        ({"cron": "0 0 30 2 *"}, "invalid_cron", "cron"),
        ({"cron": "@reboot"}, "invalid_cron", "cron"),
        ({"timezone": "Middle-earth"}, "invalid_timezone", "timezone"),
        ({"timezone": "../../etc/passwd"}, "invalid_timezone", "timezone"),
        ({"cron": ""}, "validation_failed", "cron"),
        ({"cron": "*" * 101}, "validation_failed", "cron"),
        ({"cron": "* * * *\n*"}, "validation_failed", "cron"),
        ({"name": ""}, "validation_failed", "name"),
        ({"name": None}, "validation_failed", "name"),
        ({"name": "x" * 101}, "validation_failed", "name"),
        ({"uploadId": "1"}, "validation_failed", "uploadId"),
        ({"analysisType": "single"}, "validation_failed", "analysisType"),
        ({"analysisType": None}, "validation_failed", "analysisType"),
        ({"exportType": "docx"}, "validation_failed", "exportType"),
        ({"exportOptions": {"bom": True}}, "validation_failed", "exportOptions"),
        ({"exportType": "csv", "exportOptions": {"colour": 1}}, "validation_failed", "exportOptions.colour"),
        ({"enabled": "yes"}, "validation_failed", "enabled"),
        ({"enabled": 1}, "validation_failed", "enabled"),
        ({"enabled": None}, "validation_failed", "enabled"),
        ({"every": "day"}, "validation_failed", "every"),
    ],
)
def test_what_is_wrong_is_named(  # noqa: PLR0917 - a table
    client: Any, upload_id: str, schedule: dict[str, Any], given: dict[str, Any], code: str, field: str
) -> None:
    change = client.call("PATCH", f"/api/schedules/{schedule['scheduleId']}", json=given)
    for response in (ask(client, upload_id, **given), change):
        assert refused(response) == (422, code)
        assert [fault["field"] for fault in response.get_json()["errors"]] == [field]
    assert client.get("/api/schedules").get_json()["items"] == [schedule]


def test_a_list_of_which_nothing_will_come_is_refused(client: Any, upload_id: str, rows: Any) -> None:
    assert refused(ask(client, str(uuid.uuid4()))) == (404, "not_found")
    rows("UPDATE uploads SET status = 'failed'")
    assert refused(ask(client, upload_id)) == (409, "upload_not_ready")
    rows("""UPDATE uploads SET status = 'completed', "rowsExpiredAt" = now()""")
    assert refused(ask(client, upload_id)) == (410, "rows_expired")
    rows("""UPDATE uploads SET status = 'processing', "rowsExpiredAt" = NULL""")
    assert ask(client, upload_id).status_code == 201


def test_a_name_is_given_once(client: Any, stranger: Any, rows: Any, upload_id: str) -> None:
    made(client, upload_id, name="a")
    other = made(client, upload_id, name="b")
    assert refused(ask(client, upload_id, name="a")) == (409, "schedule_name_taken")
    change = client.call("PATCH", f"/api/schedules/{other['scheduleId']}", json={"name": "a"})
    assert refused(change) == (409, "schedule_name_taken")
    assert changed(client, other, name="b")["name"] == "b"
    foreign = stranger.upload()["uploadId"]
    rows("UPDATE uploads SET status = 'completed'")
    assert made(stranger, foreign, name="a")["name"] == "a"


def test_a_workspace_has_so_many_and_no_more_also_when_they_come_at_once(
    client: Any, http: FlaskClient, upload_id: str, rows: Any
) -> None:
    for number in range(MOST - 2):
        made(client, upload_id, name=f"{number}")
    app = http.application

    def add(number: int) -> int:
        status: int = ask(type(client)(app.test_client(), client.tenant), upload_id, name=f"more {number}").status_code
        return status

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(add, range(4)))
    assert sorted(statuses) == [201, 201, 409, 409]
    assert refused(ask(client, upload_id, name="one more")) == (409, "too_many_schedules")
    assert rows("SELECT count(*) FROM schedules") == [{"count": MOST}]


def test_the_same_request_makes_one_schedule(client: Any, upload_id: str) -> None:
    wanted = {"name": "once", "cron": "@daily", "uploadId": upload_id}
    first = client.post("/api/schedules", json=wanted, headers={"Idempotency-Key": "k"})
    again = client.post("/api/schedules", json=wanted, headers={"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.get_json() == again.get_json()
    assert len(client.get("/api/schedules").get_json()["items"]) == 1


def test_what_is_not_sent_stays_as_it_is(client: Any, schedule: dict[str, Any]) -> None:
    untouched = changed(client, schedule)
    assert untouched == {**schedule, "updatedAt": untouched["updatedAt"]}
    after = changed(client, schedule, name="renamed", exportType="csv")
    assert (after["name"], after["exportType"]) == ("renamed", "csv")
    assert (after["cron"], after["nextDueAt"]) == (schedule["cron"], schedule["nextDueAt"])
    assert changed(client, schedule, exportType=None)["exportType"] is None


def test_a_change_of_the_hour_moves_the_next_time(client: Any, schedule: dict[str, Any]) -> None:
    assert hour_of(changed(client, schedule, cron="15 10 * * *")) == (10, 15)
    assert hour_of(changed(client, schedule, timezone="Asia/Kolkata")) == (4, 45)


def test_what_was_missed_while_it_was_switched_off_is_not_made_up_for(
    client: Any, schedule: dict[str, Any], rows: Any
) -> None:
    rows("""UPDATE schedules SET "nextDueAt" = '2020-01-01T09:00:00Z'""")
    assert changed(client, schedule, enabled=False)["nextDueAt"] is None
    assert changed(client, schedule, enabled=True)["nextDueAt"] == schedule["nextDueAt"]


def test_a_change_of_something_else_keeps_what_is_due(client: Any, schedule: dict[str, Any], rows: Any) -> None:
    rows("""UPDATE schedules SET "nextDueAt" = '2020-01-01T09:00:00Z'""")
    assert changed(client, schedule, name="renamed")["nextDueAt"].startswith("2020-01-01T09:00:00")


def test_a_deleted_schedule_is_gone_and_what_it_made_stays(
    client: Any, schedule: dict[str, Any], dispatcher: Engine, rows: Any
) -> None:
    fire_due(dispatcher, dt.datetime.fromisoformat(schedule["nextDueAt"]))
    path = f"/api/schedules/{schedule['scheduleId']}"
    response = client.call("DELETE", path)
    assert (response.status_code, response.data) == (204, b"")
    assert refused(client.get(path)) == (404, "not_found")
    assert refused(client.call("DELETE", path)) == (404, "not_found")
    assert rows("""SELECT count(*) FROM analyses""") == [{"count": 1}]
    assert rows("""SELECT count(*) FROM "scheduleRuns" """) == [{"count": 0}]


def test_runs_tell_what_came_of_each_time(client: Any, upload_id: str, dispatcher: Engine, rows: Any) -> None:
    schedule = made(client, upload_id, cron="0 * * * *", exportType="csv")
    due = dt.datetime.fromisoformat(schedule["nextDueAt"])
    hours = [due + hour * dt.timedelta(hours=1) for hour in range(3)]
    for hour in hours[:2]:
        fire_due(dispatcher, hour)
    rows("""UPDATE "jobQueue" SET status = 'completed'""")
    fire_due(dispatcher, hours[2])
    path = f"/api/schedules/{schedule['scheduleId']}/runs"
    last, skipped, first = client.get(path).get_json()["items"]
    assert [dt.datetime.fromisoformat(run["dueAt"]) for run in (first, skipped, last)] == hours
    assert [run["errorCode"] for run in (first, skipped, last)] == [None, "previous_run_at_work", None]
    assert (skipped["jobId"], skipped["analysisId"], skipped["exportId"]) == (None, None, None)
    assert first["analysisId"] != last["analysisId"]
    for run in (first, last):
        assert client.get(f"/api/analyses/{run['analysisId']}").get_json()["jobId"] == run["jobId"]
        assert client.get(f"/api/exports/{run['exportId']}").get_json()["analysisId"] == run["analysisId"]
    page = client.get(f"{path}?limit=2").get_json()
    rest = client.get(f"{path}?cursor={page['next']}").get_json()
    assert [*page["items"], *rest["items"]] == [last, skipped, first]


OPTIONS = {"filterOption": "deliverable", "filters": {"role": False}, "columns": ["email"], "compression": "gzip"}


def test_each_file_has_what_its_schedule_says(client: Any, upload_id: str, dispatcher: Engine) -> None:
    schedule = made(client, upload_id, exportType="csv", exportOptions=OPTIONS)
    assert schedule["exportOptions"] == OPTIONS
    fire_due(dispatcher, dt.datetime.fromisoformat(schedule["nextDueAt"]))
    (export,) = client.get("/api/exports").get_json()["items"]
    assert export["fileName"].endswith("-analysed-deliverable.csv.gz")
    assert (export["options"], export["columns"]) == ({"filterOption": "deliverable", "role": False}, ["email"])


def test_the_options_of_a_schedule_are_changed_as_a_whole_and_go_with_its_file(client: Any, upload_id: str) -> None:
    schedule = made(client, upload_id, exportType="csv", exportOptions=OPTIONS)
    assert changed(client, schedule, name="renamed")["exportOptions"] == OPTIONS
    assert changed(client, schedule, exportOptions={"bom": True})["exportOptions"] == {"bom": True}
    unfit = client.call("PATCH", f"/api/schedules/{schedule['scheduleId']}", json={"exportType": "xlsx"})
    assert refused(unfit) == (422, "validation_failed")
    assert [fault["field"] for fault in unfit.get_json()["errors"]] == ["exportOptions"]
    assert changed(client, schedule, exportType=None)["exportOptions"] is None


def test_schedules_are_listed_page_by_page(client: Any, upload_id: str) -> None:
    ids = [made(client, upload_id, name=f"{number}")["scheduleId"] for number in range(3)]
    page = client.get("/api/schedules?limit=2").get_json()
    rest = client.get(f"/api/schedules?cursor={page['next']}").get_json()
    assert [item["scheduleId"] for item in (*page["items"], *rest["items"])] == ids[::-1]
    assert rest["next"] is None


def test_a_strangers_schedule_is_neither_seen_nor_changed_nor_given_a_foreign_list(
    client: Any, stranger: Any, schedule: dict[str, Any], upload_id: str, rows: Any
) -> None:
    path = f"/api/schedules/{schedule['scheduleId']}"
    for method, tail, options in (
        *(("GET", "", {}), ("GET", "/runs", {})),
        *(("PATCH", "", {"json": {"enabled": False}}), ("DELETE", "", {})),
    ):
        assert refused(stranger.call(method, path + tail, **options)) == (404, "not_found")
    assert stranger.get("/api/schedules").get_json() == {"items": [], "next": None}
    assert refused(ask(stranger, upload_id)) == (404, "not_found")
    own = stranger.upload()["uploadId"]
    rows("UPDATE uploads SET status = 'completed'")
    foreign = made(stranger, own)
    change = stranger.call("PATCH", f"/api/schedules/{foreign['scheduleId']}", json={"uploadId": upload_id})
    assert refused(change) == (404, "not_found")
    assert client.get(path).get_json() == schedule


def test_a_viewer_reads_schedules_and_writes_none(
    client: Any, http: FlaskClient, owner: Engine, schedule: dict[str, Any], upload_id: str
) -> None:
    with owner.begin() as connection:
        viewer = type(client)(http, make_tenant(connection, "Viewers", "viewer"))
    assert viewer.get("/api/schedules").status_code == 200
    path = f"/api/schedules/{schedule['scheduleId']}"
    for response in (
        ask(viewer, upload_id),
        viewer.call("PATCH", path, json={}),
        viewer.call("DELETE", path),
    ):
        assert refused(response) == (403, "forbidden")


def test_what_is_done_to_a_schedule_is_noted(client: Any, schedule: dict[str, Any]) -> None:
    changed(client, schedule, name="renamed")
    client.call("DELETE", f"/api/schedules/{schedule['scheduleId']}")
    page = client.get(f"/api/activities?entityId={schedule['scheduleId']}").get_json()
    noted = [(item["activityType"], item["entityType"]) for item in page["items"]]
    assert noted == [(f"schedule_{done}", "schedule") for done in ("deleted", "changed", "created")]
