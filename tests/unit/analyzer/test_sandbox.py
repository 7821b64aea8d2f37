"""What a sandbox answers, and that docs/api.md says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailsift.analyzer.result_lines import ListRow
from mailsift.analyzer.results import Purpose, Tally
from mailsift.analyzer.sandbox import SCENARIOS, SLOW, SLOW_SECONDS, SandboxExaminer, SandboxLines, asks_for_patience
from mailsift.shared.addresses import parse
from mailsift.shared.scoring_policy import parse_policy

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text().split("## Sandbox\n")[1].split("\n## ")[0]
TOLD = {
    cells[0].strip("`@ "): tuple(cell.strip("` ") for cell in cells[1:4])
    for line in PAGE.splitlines()
    if line.startswith("| `") and (cells := line.strip("|").split(" | "))
}


def answered(text: str) -> tuple[str, str, str]:
    verdict = SandboxExaminer({}).examine(parse(text)).verdict
    return verdict.status, verdict.sub_status, str(verdict.score)


def test_every_scenario_is_on_the_page_with_its_answer() -> None:
    assert {name: answered(f"{name}@example.com") for name in SCENARIOS} == TOLD


@pytest.mark.parametrize("text", ["ann@example.com", "VALID@example.com", "valid+tag@example.org", "info@gmail.com"])
def test_any_other_local_part_is_answered_as_valid(text: str) -> None:
    assert answered(text)[:2] == answered("valid@example.com")[:2] == ("valid", "domain_accepts_mail")


@pytest.mark.parametrize("text", ["no address", "valid@", "valid@[192.0.2.1]"])
def test_what_is_no_address_is_none_there_either(text: str) -> None:
    assert answered(text)[0] in {"invalid", "risky"}


def test_addresses_of_one_domain_are_answered_each_by_itself() -> None:
    examiner = SandboxExaminer({})
    texts = [f"{name}@example.com" for name in SCENARIOS]
    rows = [ListRow(number, text, text, "example.com") for number, text in enumerate(texts, 1)]
    lines = SandboxLines(Purpose("01"), examiner).of(rows, Tally()).splitlines()
    assert [line.split("\t")[5:7] for line in lines] == [["example.com", answered(text)[0]] for text in texts]


def test_a_domain_answers_by_its_first_label() -> None:
    found = [SandboxExaminer({}).examine_domain(name).verdict.status for name in ("invalid.example", "example.com")]
    assert found == ["invalid", "valid"]


def test_a_policy_of_ones_own_is_tried_out_too() -> None:
    examiner = SandboxExaminer({}, parse_policy({"caps": {"disposable": 70}}))
    assert examiner.examine(parse("disposable@example.com")).verdict.score == 70


def test_only_one_scenario_takes_its_time() -> None:
    assert [name for name in SCENARIOS if asks_for_patience(f"{name}@example.com")] == [SLOW]
    assert f"{SLOW_SECONDS:g} s" in re.sub(r"\s+", " ", PAGE)
