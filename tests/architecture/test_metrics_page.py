"""docs/metrics.md lists the metrics that the code has, and these are named and labelled as metrics should be."""

from __future__ import annotations

import re

from deployment import SETTINGS
from metrics import Metric, counted, told

UNITS = ("_seconds", "_bytes", "_total")
# Things that are counted as they stand: their unit is what they are named for.
THINGS = re.compile(
    r"mailsift_(jobs_\w+|leases_held|dead_letters|\w+_paused|dispatch_(outstanding|window)|http_streams_open"
    r"|deliveries_due|erasures_open|database_connections(_limit)?)"
)
UNBOUNDED = {
    "address",
    "email",
    "domain",
    "job_id",
    "workspace",
    "workspace_id",
    "user",
    "path",
    "url",
    "key",
    "worker",
}
# Of the scrape: a label of ours by that name would be renamed.
RESERVED = {"job", "instance", "le", "quantile"}


def test_every_metric_stands_on_the_page() -> None:
    def listed(metrics: set[Metric]) -> list[Metric]:
        return sorted(metrics, key=lambda metric: metric.name)

    assert listed(set(told())) == listed(counted())


def test_every_metric_is_shown_by_services_that_there_are() -> None:
    assert {metric.name: words for metric, words in told().items() if not set(words) <= set(SETTINGS)} == {}


def test_names_end_in_their_unit() -> None:
    unnamed = {
        metric.name for metric in counted() if not metric.name.endswith(UNITS) and not THINGS.fullmatch(metric.name)
    }
    assert unnamed == set()
    assert {metric.name for metric in counted() if not metric.name.startswith("mailsift_")} == set()


def test_labels_are_bounded_and_not_those_of_a_scrape() -> None:
    assert {metric.name: metric.labels for metric in counted() if set(metric.labels) & (UNBOUNDED | RESERVED)} == {}
