"""Every rule asks for what is there, and every alert says what a person needs."""

from __future__ import annotations

import re

from deployment import ROOT
from queries import alerts, asked_by_rules, known_metrics, rules, unknown_labels

PAGE = (ROOT / "docs/operations.md").read_text()


def test_every_rule_asks_for_what_is_there() -> None:
    known = known_metrics()
    assert {asked.where: strange for asked in asked_by_rules() if (strange := asked.metrics() - known)} == {}


def test_rules_choose_by_labels_that_there_are() -> None:
    assert unknown_labels(asked_by_rules()) == []


def test_every_alert_has_a_severity_and_a_summary() -> None:
    assert {
        name for name, rule in alerts().items() if rule["labels"]["severity"] not in {"critical", "warning"}
    } == set()
    assert {name for name, rule in alerts().items() if not rule["annotations"]["summary"]} == set()


def test_no_two_rules_have_one_name() -> None:
    names = [rule.get("alert") or rule["record"] for rule in rules()]
    assert sorted(names) == sorted(set(names))


def test_every_alert_has_its_section_on_the_page_and_leads_there() -> None:
    section = PAGE.split("\n## Alerts\n")[1].split("\n## ")[0]
    assert sorted(re.findall(r"^### (\w+)$", section, re.MULTILINE)) == sorted(alerts())
    assert {name: rule["annotations"]["runbook_url"] for name, rule in alerts().items()} == {
        name: f"docs/operations.md#{name.lower()}" for name in alerts()
    }


def test_links_within_the_page_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {link for link in re.findall(r"\]\(#([\w-]+)\)", PAGE) if link not in anchors} == set()
