"""docs/scoring.md says what the code does, reason by reason."""

from __future__ import annotations

import re
from pathlib import Path

from mailsift.analyzer.rules import authentication, domain, lists, local_parts, mailboxes, roles, suggestion, syntax
from mailsift.analyzer.rules.finding import Finding
from mailsift.analyzer.scoring import ACCEPTS_MAIL, DEFAULT_POLICY, SCORE_VERSION
from mailsift.shared.addresses import SyntaxFault
from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status

PAGE = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text("utf-8")
FAMILIES = (authentication, domain, lists, local_parts, mailboxes, roles, suggestion, syntax)
ROW = re.compile(r"^\| `(\w+)` \| (-|\w+) \| (-?\d+) \| (-|\d+) \| (.+) \|$", re.MULTILINE)
SYNTAX_ROW = re.compile(r"^\| `(syntax_\w+)` \| (.+) \|$", re.MULTILINE)


def _row(finding: Finding) -> tuple[str, str, str, str]:
    status = "-" if finding.status is Status.VALID else finding.status.value
    return finding.reason, status, str(finding.points), "-" if finding.cap is None else str(finding.cap)


def test_every_reason_stands_on_the_page_with_its_status_points_and_cap() -> None:
    findings = [value for family in FAMILIES for value in vars(family).values() if isinstance(value, Finding)]
    rows = ROW.findall(PAGE)
    assert sorted(row[:4] for row in rows) == sorted(_row(finding) for finding in findings)


def test_every_syntax_fault_stands_on_the_page() -> None:
    assert [reason for reason, _ in SYNTAX_ROW.findall(PAGE)] == [fault.value for fault in SyntaxFault]


def test_every_status_stands_on_the_page() -> None:
    for word in (*Status, *LeadStatus, *RiskLevel, ACCEPTS_MAIL):
        assert f"`{word}`" in PAGE


def test_the_thresholds_are_those_of_the_code() -> None:
    assert f"`scoreVersion` {SCORE_VERSION}." in PAGE
    assert f"| `high-quality` | score {DEFAULT_POLICY.high_quality} or more," in PAGE
    assert f"| `medium-quality` | score {DEFAULT_POLICY.medium_quality} or more |" in PAGE
    assert f"| `low` | score {DEFAULT_POLICY.low_risk} or more |" in PAGE
    assert f"| `medium` | score {DEFAULT_POLICY.medium_risk} or more |" in PAGE
