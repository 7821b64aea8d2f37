"""What Prometheus is asked by dashboards and rules, and which metrics there are to ask for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser
import yaml

from deployment import ROOT
from metrics import told

RULES = sorted(path for path in (ROOT / "deploy/prometheus").glob("*.yml") if path.stem != "prometheus")
BOARDS = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))

# Of Prometheus itself, and of its client in every process.
_OF_EVERY_SCRAPE = {"up", "ALERTS", "process_resident_memory_bytes"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, where it stands, and what Grafana's variables stand for in it."""

    where: str
    expression: str

    def selectors(self) -> Iterator[promql_parser.VectorSelector]:
        """Return every choice of series in it. Raises ValueError when it cannot be parsed."""
        found: list[promql_parser.VectorSelector] = []

        def look(node: promql_parser.Expr) -> None:
            if isinstance(node, promql_parser.VectorSelector):
                found.append(node)
            elif isinstance(node, promql_parser.MatrixSelector):
                found.append(node.vector_selector)

        promql_parser.walk(promql_parser.parse(self.expression), look)
        yield from found

    def metrics(self) -> set[str]:
        """Return the names in it."""
        return {str(selector.name) for selector in self.selectors()}


def board(word: str) -> Any:
    """Read a dashboard."""
    return json.loads((ROOT / f"deploy/grafana/dashboards/{word}.json").read_text())


def rules() -> list[dict[str, Any]]:
    """Return every rule, recorded or alerting."""
    return [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """Return every alert by its name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def asked_by_rules() -> list[Asked]:
    return [Asked(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]


def asked_by_boards() -> list[Asked]:
    found = []
    for path in BOARDS:
        for panel in board(path.stem)["panels"]:
            for target in panel.get("targets", ()):
                expression = target["expr"].replace("$__rate_interval", "5m")
                found.append(Asked(f"{path.stem}: {panel['title']}", expression))
    return found


def known_metrics() -> set[str]:
    """Return every name that a query may ask for."""
    ours = {name for metric in told() for name in metric.series}
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    lists = (path.read_text().splitlines() for path in (ROOT / "tests/data/exporters").glob("*.txt"))
    exported = {line for lines in lists for line in lines if not line.startswith("#")}
    return ours | recorded | exported | _OF_EVERY_SCRAPE


def unknown_labels(asked: Iterable[Asked]) -> list[tuple[str, str]]:
    """Return the labels by which queries choose and that our metrics have not, each with where it stands."""
    labels = {name: {*metric.labels, "le", "job", "instance"} for metric in told() for name in metric.series}
    return [
        (query.where, matcher.name)
        for query in asked
        for selector in query.selectors()
        for matcher in selector.matchers.matchers
        if selector.name in labels and matcher.name not in labels[selector.name]
    ]
