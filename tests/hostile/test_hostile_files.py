from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hostile.files import HOSTILE
from processes import unmeasured

TESTS = Path(__file__).parents[1]
MOST_SECONDS = 30
MOST_MIB = 500


def read(path: Path) -> Mapping[str, Any]:
    command = [sys.executable, "-m", "hostile.reading", str(path)]
    ended = subprocess.run(command, cwd=TESTS, env=unmeasured(), check=True, capture_output=True, timeout=280)
    return json.loads(ended.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", HOSTILE)
def test_it_ends_as_it_should_within_bounded_time_and_memory(name: str, tmp_path: Path) -> None:
    file = HOSTILE[name]
    path = tmp_path / "list"
    with path.open("wb") as out:
        out.writelines(file.pieces())
    outcome = read(path)
    assert outcome["code"] == file.code
    # Of the processor: how long that takes on the clock depends on what else the machine does.
    assert outcome["seconds"] < MOST_SECONDS
    assert outcome["peak_mib"] < MOST_MIB
    assert file.code or outcome["rows"]["read"] >= 3, "good rows beside bad ones are kept"
    path.unlink()
