"""Every metric of ours: as docs/metrics.md tells it, and as the code of all services has it."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass

from prometheus_client.metrics import MetricWrapperBase

from deployment import ROOT
from mailsift.shared.observability.metrics import REGISTRY

PAGE = ROOT / "docs/metrics.md"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, by the name that its first sample has."""

    name: str
    kind: str
    labels: tuple[str, ...]

    @property
    def series(self) -> set[str]:
        """The names that queries may use."""
        parts = ("_bucket", "_count", "_sum") if self.kind == "histogram" else ("",)
        return {self.name + part for part in parts}


def told() -> dict[Metric, tuple[str, ...]]:
    """Return every metric of the page with the services that show it."""
    found = {}
    for line in PAGE.read_text().splitlines():
        if line.startswith("| `"):
            name, kind, labels, services, meaning, what_to_look_at = line.strip("| ").split(" | ")
            assert meaning, name
            assert what_to_look_at, name
            metric = Metric(name.strip("`"), kind, tuple(re.findall(r"`(\w+)`", labels)))
            assert metric not in found, f"{name} stands there twice"
            found[metric] = tuple(services.split(", "))
    return found


def counted() -> set[Metric]:
    """Return every metric that a module of any service registers."""
    for path in ROOT.glob("*/*/mailsift/*/*.py"):
        if path.stem in {"metrics", "observing"}:
            importlib.import_module(f"mailsift.{path.parent.name}.{path.stem}")
    return {
        Metric(one._name + ("_total" if one._type == "counter" else ""), str(one._type), tuple(one._labelnames))
        for one in set(REGISTRY._collector_to_names)
        if isinstance(one, MetricWrapperBase)
    }
