"""What outcomes say of the scores, as it is printed."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from pathlib import Path

from rich.console import Console

from mailsift.api.actions.calibrating import shown
from mailsift.api.calibration import Judged, Tally
from mailsift.shared.verdicts import LeadStatus, Outcome
from mailsift.standalone.calibrating import as_json, as_table
from mailsift.standalone.outcomes import Reported

PAGE = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text("utf-8")
JUDGED = [
    Judged(9, LeadStatus.HIGH_QUALITY, Tally(4120, 29)),
    Judged(8, LeadStatus.MEDIUM_QUALITY, Tally(812, 21)),
    Judged(3, LeadStatus.LOW_QUALITY, Tally(17, 8)),
]
CALIBRATION = shown(JUDGED, outcomes=5_100, complete=True)
REPORTED = Reported({"ann@example.com": Outcome.DELIVERED}, 2, Counter({"deferred": 3, "": 1}))


def printed(reported: Reported | None = None) -> list[str]:
    console = Console(file=io.StringIO(), width=120)
    console.print(as_table(CALIBRATION, reported))
    assert isinstance(console.file, io.StringIO)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_the_page_shows_what_is_printed() -> None:
    table = PAGE.split("## Calibration")[1].split("```\nscore")[1].split("```")[0]
    rows = [" ".join(line.split()) for line in table.splitlines() if re.match(r"\d+-\d+ ", line)]
    assert len(rows) == 3
    assert [row for row in rows if row not in printed()] == []


def test_every_band_is_shown_the_best_first_and_one_without_addresses_as_such() -> None:
    bands = [line.split()[0] for line in printed() if re.match(r"\d+-\d+ ", line)]
    assert (len(bands), bands[0], bands[-1]) == (10, "90-100", "0-9")
    assert "0-9 - - - -" in printed()
    assert "5,100 outcomes known, 5,007 of them of addresses with a result" in printed()


def test_what_was_read_and_what_was_passed_over_is_said() -> None:
    said = printed(REPORTED)
    assert "1 addresses read" in said
    assert "2 rows without an address or without an outcome" in said
    assert "4 rows say neither delivered nor bounced and were passed over: deferred (3), nothing (1)" in said


def test_programs_get_the_same() -> None:
    said = json.loads(as_json(CALIBRATION, REPORTED))
    assert said["read"] == {"addresses": 1, "noAddress": 2, "passedOver": {"deferred": 3, "": 1}}
    assert said["byScore"][9]["interval"] == {"low": 0.0049, "high": 0.01}
    assert "read" not in json.loads(as_json(CALIBRATION, None))
