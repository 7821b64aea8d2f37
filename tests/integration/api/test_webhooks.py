from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from engines import waiting_for_locks
from factories import make_tenant
from mailsift.api.actions.telling import MOST
from mailsift.shared.db.session import tenant_transaction
from processes import wait_for

URL = "https://hooks.example.com/mailsift?token=t"


@pytest.fixture
def webhook(client: Any) -> dict[str, Any]:
    return made(client)


def ask(client: Any, headers: dict[str, str] | None = None, **given: object) -> Any:
    body = {"url": URL, "events": ["upload.completed", "job.failed"], **given}
    return client.post("/api/webhooks", json=body, headers=headers)


def made(client: Any, **given: Any) -> dict[str, Any]:
    response = ask(client, **given)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.get_json()
    return body


def refused(response: Any) -> tuple[int, str]:
    return response.status_code, response.get_json()["code"]


def path(webhook: dict[str, Any], more: str = "") -> str:
    return f"/api/webhooks/{webhook['webhookId']}{more}"


def secrets_of(rows: Any) -> list[str]:
    return [row["secret"] for row in rows('SELECT secret FROM "webhookSecrets" ORDER BY "expiresAt" NULLS FIRST')]


def test_a_webhook_shows_its_secret_when_it_is_made_and_never_again(client: Any, rows: Any) -> None:
    response = ask(client, description="the shop's", events=["job.failed", "upload.completed", "job.failed"])
    body = response.get_json()
    secret = body.pop("secret")
    assert (response.status_code, response.headers["Location"]) == (201, path(body))
    assert secret.startswith("whsec_")
    assert [secret] == secrets_of(rows)
    assert (body["url"], body["events"]) == (URL, ["job.failed", "upload.completed"])
    assert (body["enabled"], body["description"], body["disabledReason"]) == (True, "the shop's", None)
    assert client.get(path(body)).get_json() == body
    assert client.get("/api/webhooks").get_json() == {"items": [body], "next": None}


def test_a_repeated_request_makes_one_and_does_not_say_the_secret_again(client: Any, rows: Any) -> None:
    first, second = (ask(client, {"Idempotency-Key": "once"}) for _ in range(2))
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.get_json() == {**first.get_json(), "secret": None}
    kept = rows("""SELECT response::text FROM "idempotencyKeys" """)
    assert first.get_json()["secret"] not in str(kept)
    rotations = [
        client.post(path(first.get_json(), "/secret"), json={}, headers={"Idempotency-Key": "again"}).get_json()
        for _ in range(2)
    ]
    assert [rotation["secret"] is None for rotation in rotations] == [False, True]


def test_what_is_wrong_is_named(client: Any) -> None:
    response = ask(client, url="http://hooks.example.com/")
    assert refused(response) == (422, "validation_failed")
    assert response.get_json()["errors"] == [{"field": "url", "message": "only https is used; write https://host/path"}]


def test_what_is_not_sent_stays_as_it_is(client: Any, webhook: dict[str, Any], rows: Any) -> None:
    rows("""UPDATE webhooks SET enabled = false, "disabledReason" = 'failing', "failingSince" = now()""")
    shown = client.get(path(webhook)).get_json()
    assert (shown["enabled"], shown["disabledReason"], shown["failingSince"] is None) == (False, "failing", False)
    changed = client.call("PATCH", path(webhook), json={"events": ["export.completed"], "description": None})
    assert changed.status_code == 200
    after = {key: value for key, value in changed.get_json().items() if key not in {"events", "updatedAt"}}
    assert after == {key: value for key, value in shown.items() if key not in {"events", "updatedAt"}}
    again = client.call("PATCH", path(webhook), json={"enabled": True}).get_json()
    assert (again["enabled"], again["disabledReason"], again["failingSince"]) == (True, None, None)
    assert refused(client.call("PATCH", path(webhook), json={"url": None})) == (422, "validation_failed")


def test_one_that_is_switched_off_is_told_nothing_of_what_waits(
    client: Any, webhook: dict[str, Any], rows: Any
) -> None:
    test = client.post(path(webhook, "/test")).get_json()
    client.call("PATCH", path(webhook), json={"enabled": False})
    delivery = client.get(path(webhook, f"/deliveries/{test['deliveryId']}")).get_json()
    assert (delivery["status"], delivery["errorCode"]) == ("failed", "webhook_disabled")
    rows("""UPDATE webhooks SET "failingSince" = now()""")
    assert client.get(path(webhook)).get_json()["disabledReason"] is None


def test_a_job_ends_while_a_webhook_with_a_long_log_is_deleted(
    client: Any, webhook: dict[str, Any], rows: Any, owner: Engine, pump: Any
) -> None:
    client.post(path(webhook, "/test"))
    client.upload()
    with ThreadPoolExecutor(1) as pool, owner.connect() as log:
        log.execute(text('SELECT FROM "webhookDeliveries" FOR UPDATE'))
        deleting = pool.submit(client.call, "DELETE", path(webhook))
        wait_for(lambda: waiting_for_locks(owner), "somebody who waits for the log")
        end_of_log = threading.Timer(1, log.rollback)
        end_of_log.start()
        pump.run()
        end_of_log.join()
        assert deleting.result().status_code == 204
    assert rows('SELECT status, "retryCount" FROM "jobQueue"') == [{"status": "completed", "retryCount": 0}]
    assert rows('SELECT FROM "webhookDeliveries"') == []


def test_a_rotated_secret_goes_on_for_a_while(client: Any, webhook: dict[str, Any], rows: Any) -> None:
    second = client.post(path(webhook, "/secret"), json={"overlapHours": 2})
    assert second.status_code == 201
    assert secrets_of(rows) == [second.get_json()["secret"], webhook["secret"]]
    (expiry,) = rows("""SELECT round(extract(epoch FROM "expiresAt" - now()) / 3600) AS hours FROM "webhookSecrets"
                        WHERE "expiresAt" IS NOT NULL""")
    assert expiry["hours"] == 2
    # Two at most sign a message.
    third = client.post(path(webhook, "/secret"), json={}).get_json()
    assert secrets_of(rows) == [third["secret"], second.get_json()["secret"]]
    assert refused(client.post(path(webhook, "/secret"), json={"overlapHours": 169})) == (422, "validation_failed")


def test_a_test_is_a_message_that_the_log_shows(client: Any, webhook: dict[str, Any]) -> None:
    response = client.post(path(webhook, "/test"))
    delivery = response.get_json()
    assert (response.status_code, response.headers["Location"]) == (
        202,
        path(webhook, f"/deliveries/{delivery['deliveryId']}"),
    )
    assert (delivery["event"], delivery["status"], delivery["attempts"]) == ("webhook.test", "pending", 0)
    assert delivery["payload"]["type"] == "webhook.test"
    assert delivery["payload"]["data"] == {"webhookId": webhook["webhookId"]}
    assert client.get(response.headers["Location"]).get_json() == delivery
    listed = client.get(path(webhook, "/deliveries?status=pending&event=webhook.test")).get_json()["items"]
    assert listed == [{key: value for key, value in delivery.items() if key not in {"payload", "responseBody"}}]
    assert client.get(path(webhook, "/deliveries?status=failed")).get_json()["items"] == []


def test_a_message_can_be_sent_once_more_when_it_is_over(client: Any, webhook: dict[str, Any], rows: Any) -> None:
    delivery = client.post(path(webhook, "/test")).get_json()
    replaying = path(webhook, f"/deliveries/{delivery['deliveryId']}/replay")
    assert refused(client.post(replaying)) == (409, "delivery_not_ended")
    rows("""UPDATE "webhookDeliveries" SET status = 'failed', attempt = 3, failures = 3, "responseStatus" = 500,
                "completedAt" = now(), "dispatchedAt" = now(), "queuedAt" = now() - interval '5 days'""")
    response = client.post(replaying)
    again = response.get_json()
    assert (response.status_code, again["status"], again["attempts"]) == (202, "pending", 3)
    (row,) = rows("""SELECT failures, "dispatchedAt", "queuedAt" > now() - interval '1 minute' AS anew
                     FROM "webhookDeliveries" """)
    assert row == {"failures": 0, "dispatchedAt": None, "anew": True}


def test_there_are_only_so_many(client: Any, rows: Any, webhook: dict[str, Any]) -> None:
    rows(
        """INSERT INTO webhooks ("webhookId", "workspaceId", "userId", url, events)
           SELECT gen_random_uuid(), "workspaceId", "userId", url, events FROM webhooks, generate_series(2, :most)""",
        most=MOST,
    )
    assert refused(ask(client)) == (409, "too_many_webhooks")
    assert client.call("DELETE", path(webhook)).status_code == 204
    assert refused(client.get(path(webhook))) == (404, "not_found")
    assert ask(client).status_code == 201


def test_the_history_tells_who_changed_what(client: Any, webhook: dict[str, Any]) -> None:
    client.call("PATCH", path(webhook), json={"enabled": False})
    client.post(path(webhook, "/secret"), json={})
    client.call("DELETE", path(webhook))
    told = client.get(f"/api/activities?entityId={webhook['webhookId']}").get_json()["items"]
    assert [line["activityType"] for line in reversed(told)] == [
        "webhook_created",
        "webhook_changed",
        "webhook_secret_rotated",
        "webhook_deleted",
    ]
    assert "secret" not in str([line["activityDetails"] for line in told])


def test_who_does_not_administer_the_workspace_only_looks(owner: Engine, webhook: dict[str, Any], client: Any) -> None:
    made(client, url="https://hooks.example.com:8443/services/T0/secret?token=x")
    client.tenant = _member(owner, client)
    assert client.get(path(webhook)).get_json()["url"] == "https://hooks.example.com"
    listed = client.get("/api/webhooks")
    assert [each["url"] for each in listed.get_json()["items"]] == [
        "https://hooks.example.com:8443",
        "https://hooks.example.com",
    ]
    assert "secret" not in listed.text
    attempts = [
        ask(client),
        client.call("PATCH", path(webhook), json={"enabled": False}),
        client.post(path(webhook, "/secret"), json={}),
        client.post(path(webhook, "/test")),
        client.post(path(webhook, f"/deliveries/{uuid.uuid4()}/replay")),
        client.call("DELETE", path(webhook)),
    ]
    assert {refused(response) for response in attempts} == {(403, "forbidden")}


def _member(owner: Engine, client: Any) -> Any:
    with owner.begin() as connection:
        other = make_tenant(connection, "Other", role="member")
        for table in ("workspaceMembers", "apiKeys"):
            connection.execute(
                text(f'UPDATE "{table}" SET "workspaceId" = :workspace WHERE "userId" = :user'),
                {"workspace": client.tenant.workspace_id, "user": other.user_id},
            )
    return replace(other, workspace_id=client.tenant.workspace_id)


def test_a_stranger_sees_nothing(stranger: Any, client: Any, webhook: dict[str, Any]) -> None:
    delivery = client.post(path(webhook, "/test")).get_json()["deliveryId"]
    attempts = [
        stranger.get(path(webhook)),
        stranger.call("PATCH", path(webhook), json={"enabled": False}),
        stranger.call("DELETE", path(webhook)),
        stranger.post(path(webhook, "/secret"), json={}),
        stranger.post(path(webhook, "/test")),
        stranger.get(path(webhook, "/deliveries")),
        stranger.get(path(webhook, f"/deliveries/{delivery}")),
        stranger.post(path(webhook, f"/deliveries/{delivery}/replay")),
        client.get(path(made(client), f"/deliveries/{delivery}")),
    ]
    assert {refused(response) for response in attempts} == {(404, "not_found")}
    assert stranger.get("/api/webhooks").get_json()["items"] == []


def test_the_role_of_the_api_cannot_read_a_secret(api: Engine, client: Any, webhook: dict[str, Any]) -> None:
    assert webhook["secret"]
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        tenant_transaction(api, client.tenant.workspace_id) as connection,
    ):
        connection.exec_driver_sql('SELECT secret FROM "webhookSecrets"')
