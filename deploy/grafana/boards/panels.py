"""The parts of a dashboard, and how Grafana spells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_COLUMNS = 24
_HEIGHT = 8


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of Prometheus, and what its lines are called."""

    expression: str
    legend: str = "__auto"


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: a question that it answers, in a unit of Grafana's."""

    title: str
    unit: str
    queries: Sequence[Query]
    says: str
    limit: float | None = None
    """Above it, or below it where `good_above`, something is wrong."""
    good_above: bool = False
    alerts: Sequence[str] = ()
    """Those that lead here, and whose runbooks it leads to."""
    kind: str = "timeseries"
    width: int = 8
    stacked: bool = False
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels below one heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice for the reader: values of a label."""

    name: str
    label: str
    metric: str


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard."""

    word: str
    title: str
    says: str
    rows: Sequence[Row]
    variables: Sequence[Variable] = ()

    def to_json(self) -> Json:
        """Spell it as Grafana does."""
        return {
            "uid": f"mailsift-{self.word}",
            "title": self.title,
            "description": self.says,
            "tags": ["mailsift"],
            "schemaVersion": 39,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "timezone": "browser",
            "refresh": "30s",
            "time": {"from": "now-6h", "to": "now"},
            "links": [
                {
                    "type": "dashboards",
                    "title": "mailsift",
                    "tags": ["mailsift"],
                    "asDropdown": True,
                    "includeVars": True,
                    "keepTime": True,
                }
            ],
            "templating": {"list": [_SOURCE_VARIABLE, *map(_variable, self.variables), _RUNBOOKS]},
            "panels": list(_laid_out(self.rows)),
        }


_SOURCE_VARIABLE: Json = {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
# Where the team reads docs/operations.md: every runbook is a section of it.
_RUNBOOKS: Json = {
    "name": "runbooks",
    "label": "Runbooks",
    "type": "textbox",
    "query": "docs/operations.md",
    "current": {"text": "docs/operations.md", "value": "docs/operations.md"},
    "hide": 0,
}


def _variable(variable: Variable) -> Json:
    query = f"label_values({variable.metric}, {variable.name})"
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": "values"},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _laid_out(rows: Sequence[Row]) -> Iterator[Json]:
    """Put panels side by side as they fit, and number them in their order: that is how alerts name them."""
    number = x = y = 0
    for row in rows:
        number += 1
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [], **_at(0, y, 24, 1)}
        x, y = 0, y + 1
        for panel in row.panels:
            number += 1
            if x + panel.width > _COLUMNS:
                x, y = 0, y + _HEIGHT
            yield {"id": number, **_panel(panel), **_at(x, y, panel.width, _HEIGHT)}
            x += panel.width
        y += _HEIGHT


def _at(x: int, y: int, width: int, height: int) -> Json:
    return {"gridPos": {"x": x, "y": y, "w": width, "h": height}}


def _panel(panel: Panel) -> Json:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": _SOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend,
            }
            for place, query in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
        "links": [
            {"title": f"Runbook of {alert}", "url": f"${{runbooks}}#{alert.lower()}", "targetBlank": True}
            for alert in panel.alerts
        ],
    }


_OPTIONS: Mapping[str, Json] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "colorMode": "background",
        "graphMode": "area",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    },
}


def _defaults(panel: Panel) -> Json:
    colours = ("red", "green") if panel.good_above else ("green", "red")
    steps: list[Json] = [{"color": colours[0] if panel.limit is not None else "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": colours[1], "value": panel.limit})
    found: Json = {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.most is not None:
        found["max"] = panel.most
    if panel.kind == "timeseries":
        found["custom"] = {
            "fillOpacity": 20 if panel.stacked else 5,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none"},
            "thresholdsStyle": {"mode": "off" if panel.limit is None else "dashed"},
        }
    return found
