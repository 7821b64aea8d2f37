"""What the README shows is what comes out."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from processes import BIN

ROOT = Path(__file__).parents[2]


def words(line: str) -> str:
    return " ".join(line.split())


def test_the_readme_shows_what_the_demonstration_prints(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = next(block for block in re.findall(r"```\n(.*?)```", readme, re.DOTALL) if block.startswith("address"))
    done = subprocess.run(
        [BIN / "mailsift", "--home", tmp_path, "demo"],
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        check=True,
        text=True,
    )
    printed = {words(line) for line in done.stdout.splitlines()}
    lines = [words(line) for line in shown.splitlines() if line.strip("─… ")]
    assert len(lines) > 20
    assert [line for line in lines if line not in printed] == []
