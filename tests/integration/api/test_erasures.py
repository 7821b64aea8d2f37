"""A person's address is written wherever it can get, erased, and looked for in all of the database and the storage."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

from conftest import Database
from mailsift.api.config import ApiSettings
from mailsift.api.deps import Deps
from mailsift.dispatcher import erasing, walking
from mailsift.dispatcher.erasing import Eraser
from mailsift.dispatcher.repository import listed
from mailsift.shared.spellings import pattern

ANN = "Ann.Lee+shop@gmail.com"
HERS = ("ann.lee+shop@gmail.com", "annlee@gmail.com", "a.n.n.lee@gmail.com")
OTHERS = ("joann.lee+shop@gmail.com", "bob@example.com")
LIST = f"""name,mail,note
Ann Lee,{ANN},met in Rome
Bob,bob@example.com,knows ann.lee+shop@gmail.com
Jo,joann.lee+shop@gmail.com,
Ann again,a.n.n.lee@gmail.com,
Ann once more,ANN.LEE+SHOP@GMAIL.COM,
Nobody,,call Ann.Lee+shop@gmail.com
""".encode()
ANALYSED = "/api/uploads?fileName=ann.lee%2Bshop@gmail.com.csv&analysisType=advanced&exportType=csv"
NEVER = threading.Event()


@dataclass(frozen=True, slots=True)
class Scene:
    """A tenant with a worker and a dispatcher, and everything that is kept of what they do."""

    client: Any
    rows: Any
    pump: Any
    eraser: Eraser
    stored: Callable[[], Sequence[Path]]
    database: Database

    def upload(self, path: str = ANALYSED, content: bytes = LIST) -> dict[str, Any]:
        headers = {"Content-Type": "text/csv", "Idempotency-Key": "the-first"}
        made: dict[str, Any] = self.client.post(path, data=content, headers=headers).get_json()
        return made

    def erase(self, *addresses: str) -> dict[str, Any]:
        asked = self.client.post("/api/erasures", json={"addresses": list(addresses)})
        assert asked.status_code == 202, asked.text
        return self.go_on()

    def go_on(self) -> dict[str, Any]:
        """Go on until there is nothing to do but to wait; a turn ends after some seconds, whatever the machine."""
        turns = 0
        while self.eraser.turn(NEVER):
            turns += 1
            assert turns < 500
        proof: dict[str, Any] = self.client.get("/api/erasures").get_json()["items"][0]
        return proof

    def dump(self) -> str:
        """All of the database as text."""
        url = self.database.admin_url.replace("postgresql+psycopg2", "postgresql")
        return subprocess.run(["pg_dump", "--data-only", url], check=True, capture_output=True, text=True).stdout

    def files(self) -> list[bytes]:
        return [path.read_bytes() for path in self.stored()]

    def operator(self, *addresses: str) -> dict[str, Any]:
        """Let an operator erase somebody."""
        ended = self.command(*addresses)
        assert ended.returncode == 0, ended.stderr
        proof: dict[str, Any] = json.loads(ended.stdout)
        return proof

    def command(self, *addresses: str) -> subprocess.CompletedProcess[str]:
        """Run the operator's command where a dispatcher runs."""
        command = [sys.executable, "-m", "mailsift.dispatcher.admin", "erase", "--json"]
        folder = next(parent for path in self.stored() for parent in path.parents if parent.name == "storage")
        environment = {
            **os.environ,
            "DATABASE_URL": self.database.dispatcher_url,
            "STORAGE_URL": f"file://{folder}",
            "STORAGE_SHARED": "true",
        }
        given = "\n".join(addresses)
        ended = subprocess.run(command, env=environment, input=given, capture_output=True, text=True, check=False)
        # Neither what it says nor what it logs tells whom it was about.
        assert traces(ended.stdout + ended.stderr) == []
        return ended


@pytest.fixture
def settings(settings: ApiSettings) -> ApiSettings:
    """Nobody waits for answers here: the pump is turned by hand."""
    return settings.model_copy(update={"wait_seconds": 0.05})


@pytest.fixture
def scene(request: pytest.FixtureRequest, dispatcher: Engine, parts: Deps, database: Database) -> Scene:
    client, rows, pump, stored = map(request.getfixturevalue, ("client", "rows", "pump", "stored_objects"))
    return Scene(client, rows, pump, Eraser(dispatcher, parts.storage), stored, database)


def traces(text: str, *addresses: str) -> list[str]:
    """Lines in which something of hers stands, in whichever spelling."""
    hers = re.compile(pattern(addresses or HERS), re.IGNORECASE)
    return [line[:200] for line in text.splitlines() if hers.search(line)]


# Without any rule about what may stand beside it.
BARE = re.compile(r"(?<!jo)ann\.?lee|a\.n\.n\.lee|met in rome", re.IGNORECASE)


def write_her_everywhere(scene: Scene) -> dict[str, Any]:
    """Let every flow see the address."""
    client, rows = scene.client, scene.rows
    made = scene.upload()
    client.upload(b"mail\nbob@example.com\n")
    client.upload(gzip.compress(LIST))
    client.post("/api/uploads", json={"emails": [ANN, "bob@example.com"]})
    client.post("/api/analyses", json={"analysisType": "single", "emailAddress": ANN})
    client.post("/api/verify", json={"emails": [ANN, "bob@example.com"]})
    client.post("/api/outcomes", json={"bounced": [ANN, "bob@example.com"]})
    client.post("/api/webhooks", json={"url": f"https://hooks.example.com/?to={ANN}", "events": ["job.failed"]})
    test_key = client.post("/api/keys", json={"name": f"for {ANN}", "kind": "test"}).get_json()["key"]
    client.holding(test_key).upload(LIST)
    token = client.post("/api/guest-tokens", json={"name": f"for {ANN}", "uses": 1}).get_json()["token"]
    asked = client.holding(token).post("/api/jobs/analyze", json={"url": f"https://example.com/?to={ANN}"})
    assert asked.status_code == 202
    rows("""UPDATE "jobQueue" SET status = 'cancelled', "completedAt" = now() WHERE "jobType" = 'domain_analysis'""")
    scene.pump.run()
    client.post("/api/suppressions", json={"values": [ANN], "reason": f"{ANN} asked for it"})
    for name in (f"for {ANN}", f"for {ANN.lower()}"):
        schedule = {"name": name, "cron": "0 3 * * *", "uploadId": made["uploadId"]}
        assert client.post("/api/schedules", json=schedule).status_code == 201
    rows("""UPDATE "jobQueue" SET "errorMessage" = :said""", said=f"no answer for {ANN}")
    inner = json.dumps({"to": f"at once:\n{ANN.upper()}", "of": "OFFICE\\" + ANN})
    rows(
        """INSERT INTO "jobLogs" ("jobId", attempt, level, message, metadata)
        SELECT "jobId", 1, 'info', :said, jsonb_build_object('answer', CAST(:inner AS text)) FROM "jobQueue" """,
        said=ANN,
        inner=inner.replace("+", r"\u002B"),
    )
    rows(
        """INSERT INTO "webhookDeliveries" ("deliveryId", "webhookId", "workspaceId", event, payload, "responseBody")
        SELECT gen_random_uuid(), "webhookId", "workspaceId", 'job.failed',
            jsonb_build_object('of', CAST(:said AS text)), :inner FROM webhooks""",
        said=ANN,
        inner=inner,
    )
    rows("""UPDATE "userProfiles" SET email = :said WHERE "userId" = :id""", said=HERS[0], id=client.tenant.user_id)
    return made


def test_of_a_person_nothing_is_left_anywhere_and_of_others_everything(
    scene: Scene, stranger: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    made = write_her_everywhere(scene)
    theirs = stranger.upload(LIST)["uploadId"]
    scene.pump.run()
    before = scene.dump()
    assert len(traces(before)) > 40

    proof = scene.erase(ANN)
    assert (proof["status"], proof["remaining"], proof["progress"]) == ("completed", 0, 100)
    # Her address as a user of mailsift is no tenant's, and the stranger has a list of its own.
    kept = (str(theirs), str(scene.client.tenant.user_id))
    assert [line for line in traces(scene.dump()) if not line.startswith(kept)] == []
    assert scene.client.get(f"/api/exports/{made['export']['exportId']}").get_json()["status"] == "expired"

    proof = scene.operator(ANN, "a.n.n.lee@gmail.com")
    assert (proof["status"], proof["remaining"]) == ("completed", 0)
    after = scene.dump()
    assert [line[:400] for line in after.splitlines() if BARE.search(line)] == []
    assert traces(after) == []
    assert BARE.findall(capfd.readouterr().out) == []
    assert scene.files() == [b"mail\nbob@example.com\n"]
    # Those whose addresses are nearly hers, and those who know her, are all there.
    for somebody in OTHERS:
        assert after.count(somebody) > before.count(somebody) // 2


def test_rows_stay_without_the_person_and_all_counts_are_those_of_what_is_there(scene: Scene) -> None:
    made = scene.upload("/api/uploads?fileName=list.csv&analysisType=advanced")
    scene.pump.run()
    erased = scene.erase(ANN)["erased"]
    assert erased == {
        "uploadEmails": 5,
        "uploadRejectedRows": 1,
        "advancedEmailResults": 2,
        "uploads": 1,
        "sourceFiles": 1,
    }

    shown = scene.client.get(f"/api/uploads/{made['uploadId']}").get_json()
    counts = [shown[name] for name in ("totalRows", "totalEmails", "validEmails", "duplicateEmails", "rejectedRows")]
    assert counts == [6, 2, 2, 0, 1]
    analysis = made["analysis"]["analysisId"]
    assert len(scene.client.get(f"/api/analyses/{analysis}/results").get_json()["items"]) == 2
    (counted,) = scene.rows('SELECT * FROM "advancedAnalysis"')
    assert counted["totalEmails"] == counted["processedEmails"] == 2
    for names in (
        ("validEmails", "riskyEmails", "invalidEmails", "unknownEmails"),
        ("lowRiskEmails", "mediumRiskEmails", "highRiskEmails", "unknownRiskEmails"),
        ("highQualityLeads", "mediumQualityLeads", "lowQualityLeads", "invalidLeads", "unknownLeads"),
    ):
        assert sum(counted[name] for name in names) == 2

    wanted = {"analysisId": analysis, "fileType": "csv", "columns": ["name", "mail", "note", "mailsift_reasons"]}
    export = scene.client.post("/api/exports", json=wanted).get_json()["exportId"]
    scene.pump.run()
    written = scene.client.get(f"/api/exports/{export}/download").text.splitlines()
    assert [line.rpartition(",")[0] for line in written] == [
        "name,mail,note",
        ",,",
        "Bob,bob@example.com,",
        "Jo,joann.lee+shop@gmail.com,",
        ",,",
        ",,",
        "Nobody,,",
    ]
    assert [line.rpartition(",")[2] for line in written if line.startswith(",,")] == ["erased"] * 3


def test_a_search_goes_on_where_another_was_killed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each turn makes one step, and knows nothing but what the last has written down.
    monkeypatch.setattr(erasing, "_TURN_SECONDS", -1)
    monkeypatch.setattr(listed, "STRETCH", 2)
    scene.client.upload(LIST)
    scene.pump.run()
    proof = scene.erase(ANN)
    assert (proof["status"], proof["erased"]["uploadEmails"]) == ("completed", 4)
    assert traces(scene.dump(), HERS[0]) == []


def test_what_a_job_had_read_before_is_erased_when_it_has_written_it_down(scene: Scene) -> None:
    scene.upload("/api/uploads?fileName=list.csv&analysisType=advanced")
    scene.pump.run()
    # A slice is under way that has read its rows.
    scene.rows(
        """UPDATE "jobQueue" SET status = 'processing', "leaseToken" = gen_random_uuid(), "attemptStartedAt" = now(),
            "leaseUntil" = now() + interval '1 hour' WHERE "jobType" = 'email_scoring'"""
    )
    hers = """SELECT to_jsonb(r) AS late FROM "advancedEmailResults" r WHERE "normalizedAddress" = :address"""
    (late,) = scene.rows(hers, address=HERS[0])
    proof = scene.erase(ANN)
    assert (proof["status"], proof["remaining"], proof["waitingFor"], proof["searches"]) == ("waiting", None, 1, 1)
    scene.rows(
        """INSERT INTO "advancedEmailResults"
        SELECT * FROM jsonb_populate_record(CAST(NULL AS "advancedEmailResults"), CAST(:late AS jsonb))""",
        late=json.dumps(late["late"]),
    )
    scene.rows(
        """UPDATE "jobQueue" SET status = 'completed', "leaseToken" = NULL, "leaseUntil" = NULL
        WHERE "jobType" = 'email_scoring'"""
    )
    proof = scene.go_on()
    assert (proof["status"], proof["remaining"], proof["searches"]) == ("completed", 0, 3)
    assert traces(scene.dump()) == []


def test_a_list_that_is_not_read_yet_is_waited_for(scene: Scene) -> None:
    scene.client.upload(LIST)
    assert scene.erase(ANN, "a.n.n.lee@gmail.com")["status"] == "waiting"
    scene.pump.run()
    proof = scene.go_on()
    assert (proof["status"], proof["remaining"]) == ("completed", 0)
    assert traces(scene.dump()) == []


def test_a_preview_that_nobody_has_started_goes_and_another_workspace_keeps_its_own(
    scene: Scene, stranger: Any
) -> None:
    preview = "/api/uploads?fileName=list.csv&preview=true"
    made = scene.upload(preview)
    theirs = stranger.post(preview, data=LIST, headers={"Content-Type": "text/csv"}).get_json()
    # Somebody may be about to start it until it is known what it looks like.
    assert scene.erase(ANN)["waitingFor"] == 1
    scene.pump.run()
    assert scene.go_on()["status"] == "completed"
    assert scene.client.get(f"/api/uploads/{made['uploadId']}").status_code == 404
    assert stranger.get(f"/api/uploads/{theirs['uploadId']}").get_json()["status"] == "preview"
    assert len(scene.stored()) == 1


def test_a_list_that_is_to_be_read_in_a_month_is_read_now_and_analysed_then(scene: Scene) -> None:
    later = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).isoformat()
    made = scene.upload(f"{ANALYSED}&scheduledFor={quote(later)}")
    # What is to be fetched then is not here: it is a list of that time.
    url = {"url": "https://lists.example.com/people.csv", "scheduledFor": later}
    assert scene.client.post("/api/uploads", json=url).status_code == 202
    assert scene.erase(ANN)["waitingFor"] == 1
    scene.pump.run()
    assert scene.go_on()["status"] == "completed"
    assert traces(scene.dump(), HERS[0]) == []
    (told,) = scene.rows("""SELECT "jobId", message FROM "jobLogs" WHERE message LIKE 'begins before its time%'""")
    assert str(told["jobId"]) == made["jobId"]
    (waits,) = scene.rows("""SELECT status, "dueAt" > now() + interval '29 days' AS later FROM "jobQueue"
        WHERE "jobType" = 'advanced_analysis'""")
    assert waits == {"status": "pending", "later": True}


def test_a_hundred_erasures_at_once_are_as_many_as_a_workspace_may_have(scene: Scene) -> None:
    first = scene.client.post("/api/erasures", json={"addresses": [ANN]})
    scene.rows(
        """INSERT INTO erasures ("erasureId", "workspaceId", addresses)
        SELECT gen_random_uuid(), "workspaceId", addresses FROM erasures, generate_series(1, 99)"""
    )
    refused = scene.client.post("/api/erasures", json={"addresses": ["bob@example.com"]})
    assert (first.status_code, refused.status_code, refused.get_json()["code"]) == (202, 409, "too_many_erasures")
    assert "ask again when some are completed" in refused.get_json()["detail"]


def test_more_addresses_of_one_mailbox_than_an_erasure_takes_up_are_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "MAILBOXES", 2)
    scene.upload("/api/uploads?fileName=list.csv&analysisType=advanced")
    scene.pump.run()
    proof = scene.erase("annlee@gmail.com")
    assert (proof["status"], proof["moreMailboxes"]) == ("completed", True)
    # Those are named who were not among them.
    assert (scene.erase(*HERS)["status"], traces(scene.dump())) == ("completed", [])


def test_whoever_erases_is_an_admin_and_the_history_tells_everything_but_whom(scene: Scene) -> None:
    client = scene.client
    scene.rows("""UPDATE "workspaceMembers" SET role = 'member'""")
    assert client.post("/api/erasures", json={"addresses": [ANN]}).get_json()["code"] == "forbidden"
    assert client.get("/api/erasures").get_json()["code"] == "forbidden"
    scene.rows("""UPDATE "workspaceMembers" SET role = 'admin'""")
    for wrong in (["ann"], [f"{'ö' * 250}{number}@example.com" for number in range(9)]):
        assert client.post("/api/erasures", json={"addresses": wrong}).get_json()["code"] == "validation_failed"
    scene.erase(ANN)
    history = client.get("/api/activities").get_json()["items"]
    assert [each["activityType"] for each in history] == ["erasure_completed", "erasure_requested"]
    assert [each["activityDetails"] for each in history] == [{"erased": {}}, {}]


def test_json_stays_json_whatever_is_taken_out_of_it(scene: Scene) -> None:
    scene.erase("nobody@example.com")
    said = {
        "mail: ": "y@example.com",
        "note": "call\nann@example.com or\n@example.com",
        "at": "OFFICE\\ann@example.com",
    }
    scene.rows("""UPDATE "userActivities" SET "activityDetails" = CAST(:said AS jsonb)""", said=json.dumps(said))
    for key in (': "y@example.com', "n@example.com", "nann@example.com"):
        assert scene.erase(key)["erased"] == {}
    assert scene.erase("ann@example.com")["erased"] == {"userActivities": 2}
    told = scene.rows("""SELECT "activityDetails" AS told FROM "userActivities" ORDER BY "createdAt" LIMIT 1""")
    assert told == [{"told": json.loads(json.dumps(said).replace("ann@example.com", "[erased]"))}]


def test_a_file_that_cannot_be_removed_keeps_an_erasure_open_and_no_other(scene: Scene, stranger: Any) -> None:
    scene.client.upload(LIST)
    scene.pump.run()
    (stored,) = scene.stored()
    stored.unlink()
    stored.mkdir()
    stored.joinpath("in the way").touch()
    ended = scene.command(ANN)
    assert (ended.returncode, ended.stderr.splitlines()[-1].partition(":")[0]) == (2, "storage_unavailable")
    scene.client.post("/api/erasures", json={"addresses": [ANN]})
    stranger.post("/api/erasures", json={"addresses": ["bob@example.com"]})
    for _ in range(3):
        scene.eraser.turn(NEVER)
    # Of her rows, which led to the file, another erasure has left nothing.
    (hers,) = scene.client.get("/api/erasures").get_json()["items"]
    assert (hers["status"], hers["waitingFor"]) == ("waiting", 1)
    (theirs,) = stranger.get("/api/erasures").get_json()["items"]
    assert theirs["status"] == "completed"
    stored.joinpath("in the way").unlink()
    stored.rmdir()
    assert scene.go_on()["status"] == "completed"


def test_an_export_that_outlives_its_rows_is_looked_through(scene: Scene) -> None:
    scene.upload()
    bobs = ANALYSED.replace("ann.lee%2Bshop@gmail.com", "bobs")
    scene.client.post(bobs, data=b"mail\nbob@example.com\n", headers={"Content-Type": "text/csv"})
    scene.pump.run()
    for table in ("uploadEmails", "uploadRejectedRows", "advancedEmailResults"):
        scene.rows(f'DELETE FROM "{table}"')
    for table in ("uploads", "analyses"):
        scene.rows(f"""UPDATE {table} SET "rowsExpiredAt" = now(), "rowsDeletedAt" = now()""")
    assert scene.erase(ANN)["erased"]["exportFiles"] == 1
    states = scene.rows('SELECT status, "fileName" FROM exports ORDER BY "createdAt"')
    assert [each["status"] for each in states] == ["expired", "completed"]
    assert [file for file in scene.files() if traces(file.decode(), *HERS)] == []
