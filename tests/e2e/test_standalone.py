from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from mailsift.shared.db.session import make_engine
from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status
from mailsift.standalone import postgres
from mailsift.standalone.demo.nameserver import bundled_zone, serving
from standalone import Mailsift, wait_for_line

DOMAINS = ("company.com", "northwind.example", "fabrikam.example", "gmail.com", "closed-down.example")
KEYS = {
    *("uploadId", "analysisId", "exportId", "totalEmails", "validEmails", "duplicateEmails", "suppressedRows"),
    *("byStatus", "byLeadStatus", "byRiskLevel", "exportPath", "durationSeconds"),
}
SMALL = "name;E-Mail\nAnn;john@company.com\nBob;SALES@startup.io\nEve;\nJon;John@Company.com\nMax;not an address\n"


@pytest.fixture(scope="module")
def nameserver() -> Iterator[str]:
    with serving(bundled_zone()) as address:
        yield address


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def mailsift(made: Path) -> Iterator[Mailsift]:
    """A home that the tests of this file share: making one costs a second."""
    command = Mailsift(made)
    yield command
    command.clear_up()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(SMALL)
    return path


def make_long_list(path: Path, rows: int) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "email", "note"])
        writer.writerows((n, f"person{n}@{DOMAINS[n % len(DOMAINS)]}", f"says, {n}") for n in range(rows))
    return path


def test_the_demonstration_shows_every_verdict_and_says_what_it_is(tmp_path: Path) -> None:
    mailsift = Mailsift(tmp_path)
    first, second = mailsift.run("demo", "--json"), mailsift.run("demo")
    found = first.json
    assert set(found) >= KEYS
    assert first.out.count("\n") == 1
    for words, key in ((Status, "byStatus"), (LeadStatus, "byLeadStatus"), (RiskLevel, "byRiskLevel")):
        assert {word for word, count in found[key].items() if count} == set(words)
    assert found["notices"] == ["demonstration_zone"]
    assert "demonstration zone" in first.err
    assert second.exit_code == 0
    assert "demonstration zone" in second.out
    assert "john@company.com" in second.out
    assert "rob\\u200bert@northwind.example" in second.out


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_list_comes_back_with_the_answers_beside_each_row(
    mailsift: Mailsift, nameserver: str, small: Path, kind: str
) -> None:
    found = mailsift.run("verify", small, "--format", kind, "--nameserver", nameserver, "--json").json
    assert set(found) >= KEYS
    assert (found["totalEmails"], found["validEmails"], found["duplicateEmails"]) == (4, 3, 1)
    out = small.with_name(f"people-analysed.{kind}")
    assert found["exportPath"] == str(out)
    assert small.read_text() == SMALL
    if kind == "csv":
        rows = table(out)
        assert [row["E-Mail"] for row in rows] == [line.split(";")[1] for line in SMALL.splitlines()[1:]]
        assert [row["mailsift_status"] for row in rows] == ["valid", "valid", "", "valid", "invalid"]
        assert rows[0]["mailsift_deliverabilityScore"] == "95"
        assert rows[1]["mailsift_deliverabilityScore"] == "82"
        assert rows[2]["mailsift_reasons"] == "no_address"
    else:
        lines = [json.loads(line) for line in out.read_text().splitlines()]
        assert [line["columns"]["name"] for line in lines] == ["Ann", "Bob", "Eve", "Jon", "Max"]
        assert lines[1]["result"]["leadStatus"] == "medium-quality"


def test_a_list_with_two_addresses_a_row_comes_back_with_the_answers_to_both_and_can_be_read_again(
    mailsift: Mailsift, nameserver: str, tmp_path: Path
) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text(
        "Contacts of Acme\n\nname,private,work email\n"
        "Jon,someone@gmail.com,john@company.com\nAnn,,SALES@startup.io\nEve,,\nBob,john@company.com,bob@\n"
    )
    found = mailsift.run("verify", path, "--nameserver", nameserver, "--json").json
    assert (found["totalEmails"], found["validEmails"], found["duplicateEmails"]) == (5, 4, 1)
    first = table(tmp_path / "contacts-analysed.csv")
    assert [row["name"] for row in first] == ["Jon", "Ann", "Eve", "Bob"]
    assert [row["mailsift_private_subStatus"] for row in first[:2]] == ["domain_accepts_mail", ""]
    assert [row["mailsift_work email_deliverabilityScore"] for row in first[:2]] == ["95", "82"]
    assert first[3]["mailsift_private_deliverabilityScore"] == "95"
    assert (first[3]["mailsift_private_duplicateOf"], first[3]["mailsift_work email_status"]) == ("1", "invalid")
    assert (first[2]["mailsift_private_reasons"], first[2]["mailsift_work email_reasons"]) == ("no_address", "")

    again = mailsift.run("verify", tmp_path / "contacts-analysed.csv", "--nameserver", nameserver, "--json").json
    assert (again["totalEmails"], again["byStatus"]) == (5, found["byStatus"])
    second = table(tmp_path / "contacts-analysed-analysed.csv")
    for before, after in zip(first, second, strict=True):
        assert {name: after[name] for name in before} == before
        assert {name: after[name.replace("mailsift_", "mailsift2_")] for name in before} == before


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_people_get_a_table_and_where_the_file_is(mailsift: Mailsift, nameserver: str, small: Path) -> None:
    out = small.with_name("answers.jsonl")
    out.write_text("something older")
    said = mailsift.run("verify", small, "-o", out, "--nameserver", nameserver)
    assert said.exit_code == 0
    for word in ("valid", "high-quality", "dmarc_missing", str(out)):
        assert word in said.out
    assert json.loads(out.read_text().splitlines()[0])["result"]["status"] == "valid"


def test_a_killed_command_goes_on_where_it_stopped(tmp_path: Path, nameserver: str) -> None:
    mailsift = Mailsift(tmp_path / "home")
    rows = 60_000
    command = ("verify", make_long_list(tmp_path / "long.csv", rows), "--nameserver", nameserver, "--json")
    try:
        for moment in ("loading", "analysing [5-9]"):
            with mailsift.start(*command) as process:
                wait_for_line(process, moment)
                process.kill()
        [record] = mailsift.home.runs.glob("*.json")
        accepted = json.loads(record.read_text())["upload_id"]
        with mailsift.start(*command) as process:
            wait_for_line(process, "analysing")
            process.terminate()
            stopping = time.monotonic()
            assert process.wait(30) == 1
            assert time.monotonic() - stopping < 15
        said = mailsift.run(*command)
        assert "going on with an earlier run" in said.err
        assert said.json["uploadId"] == accepted
        assert said.json["totalEmails"] == sum(said.json["byStatus"].values()) == rows
        with Path(said.json["exportPath"]).open(newline="") as file:
            assert [row["number"] for row in csv.DictReader(file)] == [str(number) for number in range(rows)]
        assert list(mailsift.home.runs.glob("*.json")) == []
    finally:
        mailsift.clear_up()


def test_nameservers_that_do_not_answer_leave_rows_unknown_in_good_time(mailsift: Mailsift, tmp_path: Path) -> None:
    path = tmp_path / "dead.txt"
    path.write_text("".join(f"someone@domain{number}.example\n" for number in range(2000)))
    begun = time.monotonic()
    said = mailsift.run("verify", path, "--nameserver", "127.0.0.1:1", "--json")
    assert time.monotonic() - begun < 30
    assert said.json["byStatus"] == {"valid": 0, "risky": 0, "invalid": 0, "unknown": 2000}
    assert said.json["notices"] == ["dns_unreachable"]
    assert sum("no nameserver answered" in line for line in said.err.splitlines()) == 1


def test_what_breaks_unforeseen_is_told_with_the_log_that_says_more(tmp_path: Path, nameserver: str) -> None:
    mailsift = Mailsift(tmp_path)
    assert mailsift.run("check", "john@company.com", "--nameserver", nameserver).exit_code == 0
    with postgres.running(mailsift.home.postgres) as server:
        engine = make_engine(server.url(), "test", pool_size=1)
        with engine.begin() as connection:
            connection.execute(text('ALTER TABLE "singleAnalysis" RENAME TO "ofAnEarlierBuild"'))
        engine.dispose()
    said = mailsift.run("check", "john@company.com", "--nameserver", nameserver, "--json")
    log = mailsift.home.logs / "mailsift.log"
    assert (said.exit_code, json.loads(said.out)["error"]["code"]) == (1, "internal_error")
    assert f"{log} says more" in said.err
    assert "UndefinedTable" in log.read_text()
