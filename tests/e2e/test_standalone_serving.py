from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from mailsift.standalone.demo.nameserver import bundled_zone, serving
from servers import free_port
from standalone import Mailsift, wait_for_line

LIST = "email\njohn@company.com\nsales@startup.io\n"


@dataclass(frozen=True, slots=True)
class Served:
    """A `mailsift serve` that runs, and the commands of its home."""

    mailsift: Mailsift
    nameserver: str
    url: str
    key: str
    pid: int


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    mailsift = Mailsift(tmp_path_factory.mktemp("home"))
    with serving(bundled_zone()) as nameserver:
        port = free_port()
        with mailsift.start("serve", "--port", port, "--nameserver", nameserver, "--json") as process:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            yield Served(mailsift, nameserver, said["url"], said["apiKey"], said["pid"])
            process.terminate()
            assert process.wait(60) == 0
    assert not (mailsift.home.folder / "server.json").exists()
    assert not (mailsift.home.postgres / "data" / "postmaster.pid").exists()


def test_what_is_suppressed_is_not_checked_and_comes_back_in_no_list(served: Served, tmp_path: Path) -> None:
    more, people = tmp_path / "more.txt", tmp_path / "people.csv"
    more.write_text("hr@fabrikam.example\nwillow.example\n")
    said = served.mailsift.run(
        "suppress", "add", "Eve@Northwind.example", "--file", more, "--reason", "asked", "--json"
    )
    assert said.json == {"added": 3, "alreadySuppressed": 0}
    assert "already" in served.mailsift.run("suppress", "add", "willow.example").out
    listed = [json.loads(line) for line in served.mailsift.run("suppress", "list", "--json").out.splitlines()]
    assert {(each["value"], each["reason"]) for each in listed} == {
        ("eve@northwind.example", "asked"),
        ("hr@fabrikam.example", "asked"),
        ("willow.example", "asked"),
    }
    refused = served.mailsift.run("check", "eve@northwind.example", "--json")
    assert (refused.exit_code, json.loads(refused.out)["error"]["code"]) == (1, "address_suppressed")
    people.write_text("email\njohn@company.com\neve@northwind.example\nanna@eu.willow.example\n")
    verified = served.mailsift.run("verify", people, "--json")
    assert verified.json["suppressedRows"] == 2
    with Path(verified.json["exportPath"]).open(newline="") as file:
        assert [row["email"] for row in csv.DictReader(file)] == ["john@company.com"]
    wrong = served.mailsift.run("suppress", "remove", "willow.example", "email", "--json")
    assert (wrong.exit_code, json.loads(wrong.out)["error"]["code"]) == (2, "invalid_suppression")
    gone = served.mailsift.run("suppress", "remove", "--file", more, "EVE@northwind.example", "--json")
    assert gone.json == {"removed": 3}


def test_a_person_is_erased_with_proof_here_and_in_a_deployment(served: Served, tmp_path: Path) -> None:
    people, zoe = tmp_path / "people.csv", "Zoe.Quill@company.com"
    people.write_text(f"name,email\nZoe,{zoe}\nJohn,john@company.com\n")
    served.mailsift.run("verify", people, "-o", tmp_path / "out.csv", "--json")
    served.mailsift.run("check", zoe)
    proof = served.mailsift.run("erase", zoe.lower(), "--json").json
    assert (proof["status"], proof["remaining"]) == ("completed", 0)
    assert proof["erased"].keys() >= {"uploadEmails", "advancedEmailResults", "sourceFiles", "exportFiles"}
    kept = [path for path in served.mailsift.home.folder.rglob("*") if path.is_file()]
    pages = served.mailsift.home.postgres / "data"
    assert [path for path in kept if pages not in path.parents and b"zoe.quill" in path.read_bytes().lower()] == []
    again = served.mailsift.run("erase", zoe, "--server", served.url, "--api-key", served.key)
    assert (again.exit_code, "0 remain" in again.out, "erased" in again.out) == (0, True, False)
    wrong = served.mailsift.run("erase", "zoe", "--json")
    assert (wrong.exit_code, json.loads(wrong.out)["error"]["code"]) == (2, "invalid_address")


def test_a_list_comes_back_with_the_rows_that_were_asked_for_the_best_first(served: Served, tmp_path: Path) -> None:
    people = tmp_path / "some.csv"
    people.write_text("email\nnobody\nsales@startup.io\nthrowaway@mailinator.com\njohn@company.com\n")
    said = served.mailsift.run("verify", people, "--only", "recommended", "--sort=-score", "--json")
    assert Path(said.json["exportPath"]).name == "some-analysed-recommended.csv"
    with Path(said.json["exportPath"]).open(newline="") as file:
        assert [row["email"] for row in csv.DictReader(file)] == ["john@company.com", "sales@startup.io"]


def test_addresses_are_checked_in_their_order_with_every_field(served: Served) -> None:
    said = served.mailsift.run("check", "sales@startup.io", "nobody", "john@company.com", "--json")
    assert said.exit_code == 0
    found = [json.loads(line) for line in said.out.splitlines()]
    assert [each["emailAddress"] for each in found] == ["sales@startup.io", "nobody", "john@company.com"]
    assert [each["deliverabilityScore"] for each in found] == [82, 0, 95]
    assert [each["leadStatus"] for each in found] == ["medium-quality", "invalid", "high-quality"]
    for each in found:
        assert sum(line["points"] for line in each["scoreBreakdown"]) == each["deliverabilityScore"]
        assert {"subStatus", "isRoleBased", "mxHost", "dmarcPolicy", "mailboxChecked", "scoreVersion"} <= set(each)
    first, text, third = (each["evidence"] for each in found)
    assert first["role"]["entry"] == "sales"
    assert text["domain"] is None
    assert third["domain"]["facts"]["spf"]["record"] == "v=spf1 mx -all"
    assert third["mailbox"]["canonical"] == "john@company.com"


def test_an_answer_from_the_cache_says_so(served: Served) -> None:
    served.mailsift.run("check", "john@company.com")
    assert json.loads(served.mailsift.run("check", "john@company.com", "--json").out)["cached"]
    assert "answered from the cache" in served.mailsift.run("check", "john@company.com").out


def test_domains_are_audited_with_what_might_be_better_about_them(served: Served) -> None:
    said = served.mailsift.run("audit", "company.com", "https://user:pw@www.northwind.example:8443/x?y", "--json")
    assert said.exit_code == 0
    first, second = (json.loads(line) for line in said.out.splitlines())
    assert (first["domain"], second["domain"]) == ("company.com", "northwind.example")
    assert first["deliverabilityScore"] == 95
    assert "dmarc_missing" in [each["code"] for each in first["recommendations"]]
    shown = served.mailsift.run("audit", "company.com").out
    assert "There is no DMARC record" in " ".join(shown.split())
    refused = served.mailsift.run("audit", "https://127.0.0.1/", "--json")
    assert (refused.exit_code, json.loads(refused.out)["error"]["code"]) == (2, "invalid_domain")


def test_what_is_weighed_otherwise_holds_once_or_from_then_on(served: Served, tmp_path: Path) -> None:
    roles_are_fine = '{"weights": {"role_account": 0}}'
    once = served.mailsift.run("check", "sales@startup.io", "--scoring", roles_are_fine, "--json").json
    assert (once["deliverabilityScore"], once["leadStatus"]) == (95, "high-quality")
    assert once["scoring"]["weights"] == {"role_account": 0}
    (tmp_path / "scoring.json").write_text('{"weights": {"role_account": -40}}')
    assert served.mailsift.run("scoring", "--set", tmp_path / "scoring.json").exit_code == 0
    people = tmp_path / "people.txt"
    people.write_text("sales@startup.io\n")
    for option, score in (([], "55"), (["--scoring", roles_are_fine], "95")):
        found = served.mailsift.run("verify", people, *option, "--json").json
        with Path(found["exportPath"]).open(newline="") as file:
            assert [row["mailsift_deliverabilityScore"] for row in csv.DictReader(file)] == [score]
    assert served.mailsift.run("scoring", "--reset", "--json").json["own"] is None
    assert served.mailsift.run("check", "sales@startup.io", "--json").json["deliverabilityScore"] == 82


def test_outcomes_are_held_against_the_scores(served: Served, tmp_path: Path) -> None:
    assert served.mailsift.run("check", "john@company.com", "sales@startup.io").exit_code == 0
    events = tmp_path / "events.csv"
    events.write_text(
        "when;to;event\n1;JOHN@company.com;delivered\n2;sales@startup.io;5.1.1\n3;x@startup.io;deferred\n"
    )
    found = served.mailsift.run("calibrate", events, "--json").json
    assert found["read"] == {"addresses": 2, "noAddress": 0, "passedOver": {"deferred": 1}}
    assert (found["outcomes"], found["matched"]) == (2, 2)
    bands = {band["fromScore"]: (band["delivered"], band["bounced"]) for band in found["byScore"]}
    assert (bands[90], bands[80]) == ((1, 0), (0, 1))
    again = served.mailsift.run("calibrate")
    assert "80-89" in again.out
    assert "2 outcomes known, 2 of them of addresses with a result" in again.out
    log = (served.mailsift.home.logs / "mailsift.log").read_text()
    assert "/api/outcomes" in log
    assert "sales@startup.io" not in log


def test_people_are_told_what_a_score_is_made_of(served: Served) -> None:
    said = served.mailsift.run("check", "paula@gmaill.com", "Maria.Gomez+news@googlemail.com")
    assert "domain_not_found" in said.out
    assert "did you mean paula@gmail.com?" in said.out
    assert "the same mailbox as mariagomez@gmail.com" in said.out


def test_a_list_is_verified_through_the_running_one(served: Served, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(LIST)
    said = served.mailsift.run("verify", tmp_path / "list.txt", "--nameserver", served.nameserver, "--json")
    assert said.json["byStatus"]["valid"] == 2
    assert said.json["byLeadStatus"]["high-quality"] == 1
    assert "starting" not in said.err
    hygiene = served.mailsift.run("verify", tmp_path / "list.txt", "--type", "bulk", "--json").json
    assert (hygiene["byStatus"], hygiene["byLeadStatus"]) == (said.json["byStatus"], None)
    assert hygiene["cachedEmails"] == hygiene["validEmails"]


def test_the_same_command_serves_as_a_client_of_a_deployment(served: Served, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(LIST)
    elsewhere = Mailsift(tmp_path / "home", {"MAILSIFT_SERVER": served.url, "MAILSIFT_API_KEY": served.key})
    assert elsewhere.run("verify", tmp_path / "list.txt", "--json").json["byStatus"]["valid"] == 2
    assert not elsewhere.home.postgres.exists()
    refused = elsewhere.run("check", "john@company.com", "--api-key", "ms_wrong", "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.out)["error"]["code"] == "unauthorized"


MESSY = "Customers of 2026\n\nname;Mail;Ort\nAnn;john@company.com;Bonn\nBob;;Rom\nJon;JOHN@company.com;=1+1\n;;=2+2\n"


def test_a_list_is_looked_at_before_anything_is_loaded(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(MESSY)
    elsewhere = Mailsift(tmp_path / "home", {"MAILSIFT_SERVER": served.url, "MAILSIFT_API_KEY": served.key})
    found = elsewhere.run("preview", path, "--json").json
    assert (found["status"], found["delimiter"], found["emailColumns"]) == ("preview", ";", [2])
    assert found["preview"]["rows"][0] == {"rowNumber": 4, "columns": ["Ann", "john@company.com", "Bonn"]}
    assert (found["totalEmails"], found["preview"]["rowsRead"]) == (0, 4)
    told = served.mailsift.run("preview", path, "--keep-column", "Mail", "--map", "Mail=Address")
    assert told.exit_code == 0, told.err
    for words in ("semicolon", "@ Address", "JOHN@company.com", "--keep-column Mail --map Mail=Address"):
        assert words in told.out
    assert "Bonn" not in told.out


def test_a_list_is_read_as_it_is_said_and_what_cannot_be_used_is_saved(served: Served, tmp_path: Path) -> None:
    path, rejected = tmp_path / "list.csv", tmp_path / "rejected.csv"
    path.write_text(MESSY)
    said = served.mailsift.run(
        "verify", path, "--email-column", "2", "--map", "Ort=town", "--rejected", rejected, "--json"
    )
    assert (said.json["totalEmails"], said.json["duplicateEmails"]) == (2, 1)
    assert said.json["rejectedPath"] == str(rejected)
    with Path(said.json["exportPath"]).open(newline="") as file:
        first = next(csv.DictReader(file))
    assert (first["name"], first["town"], first["mailsift_status"]) == ("Ann", "Bonn", "valid")
    with rejected.open(newline="") as file:
        assert [(row["reason"], row["rawText"]) for row in csv.DictReader(file)] == [
            ("no_address", "Bob,,Rom"),
            ("no_address", ",,=2+2"),
        ]


def test_a_list_that_mostly_repeats_itself_says_so_before_it_is_analysed(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("john@company.com\n" * 4 + "sales@startup.io\n")
    said = served.mailsift.run("verify", path, "--json")
    assert said.json["warnings"] == ["mostly_duplicates"]
    noted = [number for number, line in enumerate(said.err.splitlines()) if "more than half of the addresses" in line]
    begun = [number for number, line in enumerate(said.err.splitlines()) if line.startswith("analysing")]
    assert max(noted) < min(begun)


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (("preview", "--email-column", "Post"), "no_such_column", "'name', 'Mail', 'Ort'"),
        (("verify", "--encoding", "utf-16"), "wrong_encoding", "--encoding"),
        (("preview", "--delimiter", "ab"), "invalid_option", "--delimiter"),
        (("verify", "--map", "Mail"), "invalid_option", "NAME=WORD"),
    ],
)
def test_what_does_not_fit_a_list_is_told_with_what_to_say(
    served: Served, tmp_path: Path, arguments: tuple[str, ...], code: str, hint: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(MESSY)
    said = served.mailsift.run(*arguments, path, "--json")
    assert (said.exit_code, json.loads(said.out)["error"]["code"]) == (2, code)
    assert hint in said.err.splitlines()[-1]


def test_the_first_key_is_printed_once_and_opens_the_api(served: Served) -> None:
    answer = httpx.get(f"{served.url}/api/uploads", headers={"Authorization": f"Bearer {served.key}"}, trust_env=False)
    assert answer.status_code == 200


def test_a_second_server_is_refused_and_told_of_the_first(served: Served) -> None:
    said = served.mailsift.run("serve", "--port", free_port())
    assert said.exit_code == 1
    assert served.url in said.err


def test_another_nameserver_than_the_running_ones_is_refused(served: Served) -> None:
    said = served.mailsift.run("check", "john@company.com", "--nameserver", "127.0.0.1:5", "--json")
    assert (said.exit_code, json.loads(said.out)["error"]["code"]) == (1, "other_nameserver")


BAD_FILES = {
    "empty_file": b"",
    "binary_file": b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)) * 8,
    "no_email_column": b"name,town\nAnn,Bonn\nBob,Rome\n",
    "unreadable_encoding": ("email,name\nbob@x.com,Bob Smith\n" * 20).encode("cp037"),
    "no_readable_row": b"email,name\n",
}


@pytest.mark.parametrize(("code", "content"), BAD_FILES.items(), ids=BAD_FILES)
def test_a_file_that_cannot_be_read_has_its_own_message_and_exit_code(
    served: Served, tmp_path: Path, code: str, content: bytes
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    said = served.mailsift.run("verify", path, "--json")
    assert (said.exit_code, json.loads(said.out)["error"]["code"]) == (2, code)
    assert said.err.splitlines()[-1].startswith("mailsift: ")
    assert [left.name for left in tmp_path.iterdir()] == ["bad.csv"]
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("verify", "missing.csv"), "missing_file"),
        (("verify", "."), "is_a_directory"),
        (("verify", "/dev/null"), "not_a_file"),
        (("preview", "missing.csv"), "missing_file"),
        (("check", "john@company.com", "--nameserver", "no such thing"), "invalid_nameserver"),
        (("check", "a\nb"), "invalid_address"),
        (("check", "john@company.com", "--server", "https://mailsift.example"), "no_api_key"),
        (("check", "john@company.com", "--server", "here", "--api-key", "x"), "invalid_server"),
    ],
)
def test_what_cannot_be_worked_on_is_said_at_once(served: Served, arguments: tuple[str, ...], code: str) -> None:
    said = served.mailsift.run(*arguments, "--json")
    assert (said.exit_code, json.loads(said.out)["error"]["code"]) == (2, code)


def test_a_key_that_was_lost_is_replaced_by_another(tmp_path: Path) -> None:
    mailsift = Mailsift(tmp_path)
    keys = []
    try:
        for more in ((), ("--new-key",)):
            with mailsift.start("serve", "--port", free_port(), "--json", *more) as process:
                assert process.stdout is not None
                keys.append(json.loads(process.stdout.readline())["apiKey"])
                process.terminate()
                assert process.wait(60) == 0
    finally:
        mailsift.clear_up()
    assert all(key.startswith("ms_") for key in keys)
    assert len(set(keys)) == 2


def test_a_command_goes_on_by_itself_when_the_server_it_worked_through_ends(tmp_path: Path) -> None:
    mailsift = Mailsift(tmp_path / "home")
    path = tmp_path / "long.txt"
    path.write_text("".join(f"person{number}@company.com\n" for number in range(50_000)))
    try:
        with (
            serving(bundled_zone()) as nameserver,
            mailsift.start("serve", "--port", free_port(), "--nameserver", nameserver) as server,
        ):
            assert server.stdout is not None
            server.stdout.readline()
            with mailsift.start("verify", path, "--nameserver", nameserver, "--json") as command:
                wait_for_line(command, "analysing")
                server.terminate()
                out, err = command.communicate(timeout=60)
            assert command.returncode == 0, err
        assert json.loads(out)["byStatus"]["valid"] == 50_000
    finally:
        mailsift.clear_up()
