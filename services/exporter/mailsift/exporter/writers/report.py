"""HTML: an analysis on one page, with its charts; it loads nothing, runs nothing, and is good to print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from mailsift.exporter.writers import charts
from mailsift.exporter.writers.charts import Bar
from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status

CONTENT_TYPE: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Overview:
    """An analysis in counts of addresses, each once, however often it stands in the list."""

    title: str
    """The name of the list."""
    made: str
    """The day."""
    partial: bool
    rows: int
    addresses: int
    duplicates: int
    rejected: int
    """Rows without an address that can be read."""
    statuses: Mapping[str, int]
    lead_statuses: Mapping[str, int]
    risk_levels: Mapping[str, int]
    scores: Sequence[int]
    """By tens: 0 to 9, 10 to 19, and so on; the last one has 90 to 100."""
    domains: Sequence[tuple[str, int]]
    providers: Sequence[tuple[str, int]]
    reasons: Sequence[tuple[str, int]]


_COLOURS: Final = {
    Status.VALID.value: charts.GREEN,
    Status.RISKY.value: charts.AMBER,
    Status.INVALID.value: charts.RED,
    Status.UNKNOWN.value: charts.GREY,
    LeadStatus.HIGH_QUALITY.value: charts.GREEN,
    LeadStatus.MEDIUM_QUALITY.value: charts.OLIVE,
    LeadStatus.LOW_QUALITY.value: charts.AMBER,
    RiskLevel.LOW.value: charts.GREEN,
    RiskLevel.MEDIUM.value: charts.AMBER,
    RiskLevel.HIGH.value: charts.RED,
}

_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light }}
* {{ box-sizing: border-box; print-color-adjust: exact; -webkit-print-color-adjust: exact }}
body {{ font: 15px/1.45 system-ui, sans-serif; color: #1d2329; background: #fff; max-width: 66rem; margin: 2rem auto;
    padding: 0 1rem }}
h1 {{ font-size: 1.7rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere }}
h2 {{ font-size: 1rem; margin: 0 0 .8rem }}
p {{ margin: 0; color: #555e68 }}
h1 + p {{ margin: .4rem 0 1.4rem }}
main {{ display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1rem; align-items: start }}
section {{ border: 1px solid #d6dbe0; border-radius: .6rem; padding: 1rem 1.1rem; break-inside: avoid; height: 100% }}
section.wide {{ grid-column: 1 / -1 }}
dl {{ display: flex; flex-wrap: wrap; gap: .6rem 3rem; margin: 0 0 1rem }}
dl div {{ display: flex; flex-direction: column-reverse }}
dt {{ color: #555e68 }}
dd {{ margin: 0; font-size: 1.7rem; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums }}
ul {{ list-style: none; margin: 0; padding: 0 }}
.bars li {{ display: grid; grid-template-columns: 1fr auto 2.9rem; column-gap: .6rem; align-items: end;
    break-inside: avoid }}
.bars li + li {{ margin-top: .55rem }}
.bars .name {{ overflow-wrap: anywhere; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
    overflow: hidden }}
.bars .count, .bars .share {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }}
.bars .share {{ color: #555e68 }}
.bars svg {{ grid-column: 1 / -1; height: .45rem; margin-top: .15rem; border-radius: .2rem }}
svg {{ display: block; width: 100% }}
svg.strip {{ height: 1rem; border-radius: .3rem }}
svg text {{ font-size: 12px; fill: #1d2329; text-anchor: middle }}
svg .muted, svg .tick {{ fill: #555e68 }}
svg .tick {{ text-anchor: end }}
svg .first {{ text-anchor: start }}
@media screen and (max-width: 50rem) {{ main {{ grid-template-columns: minmax(0, 1fr) }} }}
@page {{ size: A4; margin: 13mm }}
@media print {{
    :root {{ font-size: 9pt }}
    body {{ margin: 0; padding: 0; max-width: none; font-size: 8.5pt; line-height: 1.25 }}
    main {{ gap: 2.5mm }}
    section {{ padding: 2mm 3mm }}
    .bars li + li {{ margin-top: .8mm }}
    .bars svg {{ height: 1.4mm; margin-top: .3mm }}
}}
</style>
</head>
"""


def page(overview: Overview) -> bytes:
    """Write the page."""
    return "".join(_parts(overview)).encode()


def _parts(overview: Overview) -> Iterator[str]:
    name, total = escape(overview.title), overview.addresses
    yield _HEAD.format(title=f"{name}: what its addresses are worth")
    yield f"<body>\n<h1><bdi>{name}</bdi>: what its addresses are worth</h1>\n"
    partial = "; the analysis was still at work" if overview.partial else ""
    yield f"<p>Analysed by mailsift, {escape(overview.made)}{partial}. Each address counts once.</p>\n<main>\n"
    statuses = _in_order(Status, overview.statuses)
    yield _figures(overview, statuses)
    yield _section("Status", charts.bars(statuses, total))
    yield _section("Lead status", charts.bars(_in_order(LeadStatus, overview.lead_statuses), total))
    yield _section("Risk", charts.bars(_in_order(RiskLevel, overview.risk_levels), total))
    yield _section("Scores", charts.histogram(overview.scores), wide=True)
    yield _section("Most frequent reasons", charts.bars(_as_found(overview.reasons), total))
    yield _section("Largest domains", charts.bars(_as_found(overview.domains), total))
    yield _section("Largest mail providers", charts.bars(_as_found(overview.providers), total))
    yield "</main>\n</body>\n</html>\n"


def _figures(overview: Overview, statuses: Sequence[Bar]) -> str:
    figures = {
        "rows": f"{overview.rows:,}",
        "addresses judged": f"{overview.addresses:,}",
        "of them valid": charts.share(overview.statuses.get(Status.VALID.value, 0), overview.addresses) or "–",  # noqa: RUF001 - a dash
        "repeated": f"{overview.duplicates:,}",
        "rows without an address": f"{overview.rejected:,}",
    }
    told = "".join(f"<div><dt>{name}</dt><dd>{escape(figure)}</dd></div>" for name, figure in figures.items())
    return f'<section class="wide"><dl>{told}</dl>{charts.strip(statuses)}</section>\n'


def _section(title: str, body: str, *, wide: bool = False) -> str:
    kind = ' class="wide"' if wide else ""
    return f"<section{kind}><h2>{title}</h2>{body}</section>\n"


def _in_order(words: type[Status | LeadStatus | RiskLevel], counted: Mapping[str, int]) -> Sequence[Bar]:
    return [Bar(word.value, counted.get(word.value, 0), _COLOURS.get(word.value, charts.GREY)) for word in words]


def _as_found(counted: Sequence[tuple[str, int]]) -> Sequence[Bar]:
    return [Bar(name, count) for name, count in counted]
