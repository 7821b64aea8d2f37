"""The dashboards are what their description makes of them, and ask for what is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployment import ROOT
from metrics import told
from queries import BOARDS, alerts, asked_by_boards, board, known_metrics, unknown_labels

WORDS = [path.stem for path in BOARDS]


def panels(word: str) -> list[Any]:
    """Every panel of a dashboard that shows something."""
    return [panel for panel in board(word)["panels"] if panel["type"] != "row"]


def test_the_dashboards_are_what_their_description_makes_of_them(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "deploy.grafana.boards", tmp_path], cwd=ROOT, check=True)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text() for path in BOARDS}, "run `make dashboards`"


def test_every_query_parses_and_asks_for_what_is_there() -> None:
    known = known_metrics()
    assert {asked.where: strange for asked in asked_by_boards() if (strange := asked.metrics() - known)} == {}
    assert len(asked_by_boards()) > 50


def test_queries_choose_by_labels_that_there_are() -> None:
    assert unknown_labels(asked_by_boards()) == []


@pytest.mark.parametrize("word", WORDS)
def test_variables_are_those_that_queries_use(word: str) -> None:
    names = {variable["name"] for variable in board(word)["templating"]["list"]}
    text = (ROOT / f"deploy/grafana/dashboards/{word}.json").read_text()
    assert {name for name in names if f"${name}" not in text and f"${{{name}}}" not in text} <= {"runbooks"}
    for variable in board(word)["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = variable["definition"].removeprefix("label_values(").removesuffix(")").split(", ")
            assert label in next(known.labels for known in told() if known.name == metric)


@pytest.mark.parametrize("word", WORDS)
def test_panels_have_a_unit_and_say_what_they_show(word: str) -> None:
    silent = [panel["title"] for panel in panels(word) if not panel["description"]]
    assert silent == []
    assert [panel["title"] for panel in panels(word) if not panel["fieldConfig"]["defaults"]["unit"]] == []
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels(word)]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("word", WORDS)
def test_numbers_turn_red_and_lines_are_dashed_where_it_gets_serious(word: str) -> None:
    found = {panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"] for panel in panels(word)}
    serious = {title for title, steps in found.items() if {step["color"] for step in steps} == {"green", "red"}}
    assert {panel["title"] for panel in panels(word) if panel["type"] == "stat"} <= serious
    assert len(serious) > 2


def test_every_alert_leads_to_the_panel_that_leads_to_its_runbook() -> None:
    led = {
        link["url"].partition("#")[2]: f"/d/{board(word)['uid']}?viewPanel={panel['id']}"
        for word in WORDS
        for panel in panels(word)
        for link in panel["links"]
    }
    assert led == {name.lower(): rule["annotations"]["dashboard_url"] for name, rule in alerts().items()}


def test_grafana_is_told_where_the_dashboards_are_and_whom_to_ask() -> None:
    folder = ROOT / "deploy/grafana/provisioning"
    (source,) = yaml.safe_load((folder / "datasources/prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    (provider,) = yaml.safe_load((folder / "dashboards/mailsift.yml").read_text())["providers"]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
