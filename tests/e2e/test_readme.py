"""What the README shows is what comes out."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from processes import BIN

ROOT = Path(__file__).parents[2]


PEOPLE = """Customers of 2026;;
Vorname;E-Mail;Ort
Ann;ann@example.com;Bonn
Jon;ANN@example.com;Köln
Eve;;Rom
Bob;bob@mailinator.com;Oslo
Kim;ann@example.com;Oslo
"""


def words(line: str) -> str:
    return " ".join(line.split())


def assert_shown(beginning: str, *command: str, folder: Path, least: int) -> None:
    """The block of the README that begins so has only lines that the command prints."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = next(block for block in re.findall(r"```\n(.*?)```", readme, re.DOTALL) if block.startswith(beginning))
    done = subprocess.run(
        [BIN / "mailsift", "--home", folder / "home", *command],
        cwd=folder,
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        check=True,
        text=True,
    )
    printed = {words(line) for line in done.stdout.splitlines()}
    lines = [words(line) for line in shown.splitlines() if line.strip("─… ")]
    assert len(lines) > least
    assert [line for line in lines if line not in printed] == []


def test_the_readme_shows_what_the_demonstration_prints(tmp_path: Path) -> None:
    assert_shown("address", "demo", folder=tmp_path, least=15)


def test_the_readme_shows_what_a_preview_prints(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    assert_shown("people.csv", "preview", "people.csv", folder=tmp_path, least=15)
