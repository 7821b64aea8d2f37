from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailsift.analyzer.reference.lists import ListKind
from mailsift.standalone.cli import main

LIGHT = """
import sys
from click.testing import CliRunner
from mailsift.standalone.cli import main
assert CliRunner().invoke(main, ["--help"]).exit_code == 0
sys.stdout.write(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_help_comes_before_anything_heavy_is_loaded() -> None:
    loaded = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True).stdout.split()
    assert {"sqlalchemy", "alembic", "flask", "pydantic", "httpx", "rich", "dramatiq"} & set(loaded) == set()


@pytest.mark.parametrize(
    "command", ["preview", "verify", "check", "audit", "calibrate", "scoring", "lists", "demo", "serve"]
)
def test_every_command_says_what_it_takes_and_how_it_exits(command: str) -> None:
    said = CliRunner().invoke(main, [command, "--help"])
    assert said.exit_code == 0
    assert "--json" in said.output
    assert "Exit codes" in said.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["preview"],
        ["verify"],
        ["check"],
        ["verify", "x", "--format", "xlsx"],
        ["verify", "x", "--type", "single"],
        ["serve", "--port", "0"],
        ["scoring", "--set", "{}", "--reset"],
    ],
)
def test_wrong_usage_exits_with_two(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == 2


def test_the_version_is_said() -> None:
    assert CliRunner().invoke(main, ["--version"]).output.startswith("mailsift 0.")


@pytest.mark.parametrize("before", [["--home", "{file}"], ["--home", "elsewhere", "check", "--home", "{file}"]])
def test_a_home_named_before_the_command_holds_unless_the_command_names_one(tmp_path: Path, before: list[str]) -> None:
    (tmp_path / "file").touch()
    arguments = [word.format(file=tmp_path / "file") for word in before]
    command = [] if "check" in arguments else ["check"]
    said = CliRunner().invoke(main, [*arguments, *command, "john@company.com"])
    assert said.exit_code == 1
    assert f"the data directory {tmp_path / 'file'} cannot be used" in said.output


def test_the_lists_are_shown_with_what_they_are_the_users_own_first(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "disposable.txt").write_text("# version: 7\na.example\nno domain\n")
    said = CliRunner().invoke(main, ["--home", str(tmp_path), "lists", "--json"])
    first, *others = json.loads(said.output)["lists"]
    assert (first["kind"], first["name"], first["version"]) == ("disposable", "operator:disposable", "7")
    assert (first["size"], first["refused"]) == (1, 1)
    of_domains = {"disposable", "relay", "free", "isp", "education", "government", "parked"}
    assert {each["kind"] for each in others} == {*of_domains, "role", "no_reply", "test"}
    assert all(each["size"] > 10 and each["version"] and each["source"] for each in others)
    shown = CliRunner().invoke(main, ["--home", str(tmp_path), "lists"]).output
    assert "operator:disposable" in shown
    assert str(tmp_path / "lists") in "".join(shown.split())


def test_every_file_that_may_hold_a_list_is_named() -> None:
    said = CliRunner().invoke(main, ["lists", "--help"]).output
    assert [kind.value for kind in ListKind if f"{kind.value}.txt" not in said] == []


def test_a_list_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "free.txt").write_bytes(b"\xff\xfe")
    said = CliRunner().invoke(main, ["--home", str(tmp_path), "lists", "--json"])
    assert said.exit_code == 2
    assert json.loads(said.stdout)["error"]["code"] == "list_unreadable"


@pytest.mark.parametrize("said", ['{"weights": {"role_acount": 0}}', "no-such-file.json", "{"])
@pytest.mark.parametrize("command", [["check", "info@company.com", "--scoring"], ["scoring", "--set"]])
def test_a_scoring_that_cannot_be_read_is_said_to_be_so(tmp_path: Path, command: list[str], said: str) -> None:
    done = CliRunner().invoke(main, ["--home", str(tmp_path), *command, said, "--json"])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["code"] == "invalid_scoring"
