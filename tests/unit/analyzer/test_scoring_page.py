"""docs/scoring.md says what the code does, reason by reason."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from domain_facts import HEALTHY
from evidence_keys import HIT, evidence_paths
from mailsift.analyzer.evidence import Existence, Lookup, Reach
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.reference.lists import ListKind
from mailsift.analyzer.rules import authentication, domain, lists, local_parts, mailboxes, roles, suggestion, syntax
from mailsift.analyzer.rules.finding import Finding
from mailsift.analyzer.scoring import ACCEPTS_MAIL, SCORE_VERSION
from mailsift.shared.addresses import SyntaxFault, parse
from mailsift.shared.scoring_policy import LEAD_STATUS, RISK_LEVEL, WEIGHABLE, parse_policy_text
from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status

PAGE = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text("utf-8")
FAMILIES = (authentication, domain, lists, local_parts, mailboxes, roles, suggestion, syntax)
ROW = re.compile(r"^\| `(\w+)` \| (-|\w+) \| (-?\d+) \| (-|\d+) \| (.+) \|$", re.MULTILINE)
SYNTAX_ROW = re.compile(r"^\| `(syntax_\w+)` \| (.+) \|$", re.MULTILINE)


def _row(finding: Finding) -> tuple[str, str, str, str]:
    status = "-" if finding.status is Status.VALID else finding.status.value
    return finding.reason, status, str(finding.points), "-" if finding.cap is None else str(finding.cap)


def _findings() -> list[Finding]:
    return [value for family in FAMILIES for value in vars(family).values() if isinstance(value, Finding)]


def test_every_reason_stands_on_the_page_with_its_status_points_and_cap() -> None:
    findings = _findings()
    rows = ROW.findall(PAGE)
    assert sorted(row[:4] for row in rows) == sorted(_row(finding) for finding in findings)


def test_every_syntax_fault_stands_on_the_page() -> None:
    assert [reason for reason, _ in SYNTAX_ROW.findall(PAGE)] == [fault.value for fault in SyntaxFault]


def test_every_status_stands_on_the_page() -> None:
    for word in (*Status, *LeadStatus, *RiskLevel, ACCEPTS_MAIL):
        assert f"`{word}`" in PAGE


def test_the_thresholds_are_those_of_the_code() -> None:
    assert f"`scoreVersion` {SCORE_VERSION}." in PAGE
    assert f"| `high-quality` | score {LEAD_STATUS.upper} or more," in PAGE
    assert f"| `medium-quality` | score {LEAD_STATUS.lower} or more |" in PAGE
    assert f"| `low` | score {RISK_LEVEL.upper} or more |" in PAGE
    assert f"| `medium` | score {RISK_LEVEL.lower} or more |" in PAGE


def test_what_is_a_matter_of_taste_can_be_weighed_and_nothing_else() -> None:
    # A new reason: into WEIGHABLE of shared/scoring_policy.py with it, unless it makes addresses invalid or unknown.
    assert {found.reason for found in _findings() if found.status in {Status.VALID, Status.RISKY}} == WEIGHABLE


def test_the_policy_on_the_page_weighs_as_the_page_says() -> None:
    section = PAGE.split("## Weighing otherwise")[1].split("\n## ")[0]
    policy = parse_policy_text(section.split("```json")[1].split("```")[0])
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(policy.to_json()) == set(policy.said())
    assert "info@company.com scores 100 instead of 87 and is `high-quality`" in section
    assert "someone@gmail.com scores 80 instead of 100" in section
    for text, usual, weighed, lead in (
        ("info@company.com", 87, 100, LeadStatus.HIGH_QUALITY),
        ("someone@gmail.com", 100, 80, LeadStatus.MEDIUM_QUALITY),
    ):
        address = parse(text)
        facts = {text.partition("@")[2]: replace(HEALTHY, domain=text.partition("@")[2])}
        assert Examiner(facts).examine(address).verdict.score == usual
        verdict = Examiner(facts, policy).examine(address).verdict
        assert (verdict.score, verdict.lead_status) == (weighed, lead)


def test_every_fact_and_list_entry_that_can_be_told_stands_on_the_page() -> None:
    section = PAGE.split("## The evidence")[1].split("\n## ")[0]
    named = set()
    for cell in re.findall(r"^\| (`.+?) \|", section, re.MULTILINE):
        first, *others = re.findall(r"`([\w.]+)`", cell)
        above = first.rpartition(".")[0]
        named |= {first, *(f"{above}.{other}".lstrip(".") for other in others)}
    hits = {path.rpartition(".")[0] for path in evidence_paths() if path.endswith(".listName")}
    entries = {f"{hit}.{key}" for hit in hits for key in HIT}
    own_host = {path for path in evidence_paths() if path.startswith("domain.facts.ownHost.")}
    assert named == {*evidence_paths(), *hits, "domain.facts.ownHost", "version"} - entries - own_host
    words = {word.value for words in (Existence, Lookup, Reach) for word in words}
    assert words <= set(re.findall(r"`(\w+)`", section))
    assert all(f"`{key}`" in section for key in HIT)


def test_every_kind_of_list_stands_on_the_page() -> None:
    assert {kind.value for kind in ListKind} <= set(re.findall(r"`(\w+)(?:\.txt)?`", PAGE))
