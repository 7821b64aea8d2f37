"""Prometheus itself, with the configuration that is deployed, over the services as they run in production."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
import yaml

from deployment import ROOT
from metrics import told
from processes import Service, wait_for
from queries import asked_by_boards, asked_by_rules
from servers import LOOPBACK, run_prometheus

FOLDER = ROOT / "deploy/prometheus"
# A verdict comes with the first address, a duration of a route with its first request.
LATER = {"mailsift_verdicts_total", "mailsift_http_request_seconds"}


class Prometheus:
    """What it answers over its API."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def ask(self, path: str, **parameters: str) -> Any:
        answer = self._http.get(path, params=parameters).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def is_ready(self) -> bool:
        return self._http.get("/status/runtimeinfo").is_success

    def targets(self) -> dict[str, str]:
        """Return the health of the target of each job."""
        return {target["labels"]["job"]: target["health"] for target in self.ask("/targets")["activeTargets"]}

    def rules(self) -> dict[str, str]:
        """Return the health of every rule."""
        return {rule["name"]: rule["health"] for group in self.ask("/rules")["groups"] for rule in group["rules"]}

    def series(self) -> set[tuple[str, str]]:
        """Return which job has series of which name."""
        counted = self.ask("/query", query='count by (__name__, job) ({__name__=~"mailsift_.+"})')["result"]
        return {(one["metric"]["__name__"], one["metric"]["job"]) for one in counted}


@pytest.fixture
def prometheus(services: Mapping[str, Service]) -> Iterator[Prometheus]:
    configuration = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    configuration["global"] = {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "2s"}
    targets = {f"mailsift-{word}": f"{LOOPBACK}:{service.health_port}" for word, service in services.items()}
    configuration["scrape_configs"] = [
        {"job_name": one["job_name"], "static_configs": [{"targets": [targets[one["job_name"]]]}]}
        for one in configuration["scrape_configs"]
        if one["job_name"] in targets
    ]
    rules = [FOLDER / name for name in configuration["rule_files"]]
    with (
        run_prometheus(yaml.safe_dump(configuration), rules) as url,
        httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=30) as http,
    ):
        prometheus = Prometheus(http)
        wait_for(prometheus.is_ready, "Prometheus to be ready", seconds=240)
        yield prometheus


def test_prometheus_has_every_service_up_with_the_metrics_that_the_page_tells(
    services: Mapping[str, Service], prometheus: Prometheus
) -> None:
    wanted = {
        (next(iter(metric.series & {metric.name, f"{metric.name}_count"})), f"mailsift-{word}")
        for metric, words in told().items()
        if metric.name not in LATER
        for word in words
    }
    up = {f"mailsift-{word}": "up" for word in services}
    wait_for(lambda: prometheus.targets() == up, "every target to be up", seconds=240)
    wait_for(
        lambda: not wanted - prometheus.series(),
        "every series to be there from the start",
        seconds=240,
        hint=lambda: str(sorted(wanted - prometheus.series())),
    )
    wait_for(
        lambda: not absent(prometheus),
        "every series that a rule chooses to be there from the start",
        seconds=240,
        hint=lambda: str(absent(prometheus)),
    )
    wait_for(lambda: set(prometheus.rules().values()) == {"ok"}, "every rule to be worked out", seconds=240)
    for asked in asked_by_boards():
        prometheus.ask("/query", query=_chosen(asked.expression))


def absent(prometheus: Prometheus) -> set[str]:
    """Return the choices of rules among our metrics that find nothing: their first failure would be no change."""
    chosen = {
        selector.prettify()
        for asked in asked_by_rules()
        for selector in asked.selectors()
        if str(selector.name).startswith("mailsift_")
    }
    return {choice for choice in chosen if not prometheus.ask("/query", query=f"count({choice})")["result"]}


def _chosen(expression: str) -> str:
    """Let the variables of a dashboard stand for everything."""
    for variable in ("queue", "job_type", "route"):
        expression = expression.replace(f"${variable}", ".+")
    return expression
