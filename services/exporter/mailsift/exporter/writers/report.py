"""HTML: an analysis on one page, with its charts; it loads nothing, runs nothing, and is good to print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

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
    Status.VALID.value: "#2e7d32",
    Status.RISKY.value: "#ef9a1a",
    Status.INVALID.value: "#c62828",
    LeadStatus.HIGH_QUALITY.value: "#2e7d32",
    LeadStatus.MEDIUM_QUALITY.value: "#8bae3a",
    LeadStatus.LOW_QUALITY.value: "#ef9a1a",
    RiskLevel.LOW.value: "#2e7d32",
    RiskLevel.MEDIUM.value: "#ef9a1a",
    RiskLevel.HIGH.value: "#c62828",
}
_BLUE: Final = "#3b6fb5"

_WIDTH, _HEIGHT, _GAP = 640, 160, 8
_BOTTOM: Final = 34  # for the words below the columns, and the number above them

_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; color: #1d2329; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.6rem; margin: 0; overflow-wrap: anywhere }}
h2 {{ font-size: 1.05rem; margin: 0 0 .6rem }}
p {{ margin: .2rem 0 1.4rem; color: #555e68 }}
main {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1.2rem }}
section {{ border: 1px solid #d6dbe0; border-radius: .5rem; padding: 1rem; break-inside: avoid }}
section.wide {{ grid-column: 1 / -1 }}
dl {{ display: flex; flex-wrap: wrap; gap: .4rem 2.4rem; margin: 0 }}
dl div {{ display: flex; flex-direction: column-reverse }}
dt {{ color: #555e68 }}
dd {{ margin: 0; font-size: 1.5rem; font-weight: 600 }}
table {{ width: 100%; border-collapse: collapse }}
td {{ padding: .15rem 0; vertical-align: middle }}
td.name {{ width: 45%; overflow-wrap: anywhere; padding-right: .6rem }}
td.count {{ width: 7rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }}
svg {{ display: block; width: 100% }}
svg text {{ font-size: 12px; fill: #1d2329; text-anchor: middle }}
* {{ print-color-adjust: exact; -webkit-print-color-adjust: exact }}
@page {{ margin: 15mm }}
@media print {{ body {{ margin: 0; max-width: none; font-size: 11pt }} }}
</style>
</head>
"""


def page(overview: Overview) -> bytes:
    """Write the page."""
    return "".join(_parts(overview)).encode()


def _parts(overview: Overview) -> Iterator[str]:
    title = f"{overview.title}: what its addresses are worth"
    yield _HEAD.format(title=escape(title))
    yield f"<body>\n<h1>{escape(title)}</h1>\n"
    partial = "; the analysis was still at work" if overview.partial else ""
    yield f"<p>Analysed by mailsift, {escape(overview.made)}{partial}. Each address counts once.</p>\n<main>\n"
    yield _figures(overview)
    yield _bars("Status", _in_order(Status, overview.statuses), overview.addresses)
    yield _bars("Lead status", _in_order(LeadStatus, overview.lead_statuses), overview.addresses)
    yield _bars("Risk", _in_order(RiskLevel, overview.risk_levels), overview.addresses)
    yield _histogram(overview.scores)
    yield _bars("Most frequent reasons", overview.reasons, overview.addresses)
    yield _bars("Largest domains", overview.domains, overview.addresses)
    yield _bars("Largest mail providers", overview.providers, overview.addresses)
    yield "</main>\n</body>\n</html>\n"


def _figures(overview: Overview) -> str:
    figures = {
        "rows": overview.rows,
        "addresses judged": overview.addresses,
        "repeated": overview.duplicates,
        "rows without an address": overview.rejected,
    }
    told = "".join(f"<div><dt>{name}</dt><dd>{count:,}</dd></div>" for name, count in figures.items())
    return f'<section class="wide"><dl>{told}</dl></section>\n'


def _in_order(words: type[Status | LeadStatus | RiskLevel], counted: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    return [(word.value, counted.get(word.value, 0)) for word in words]


def _bars(title: str, counted: Sequence[tuple[str, int]], total: int) -> str:
    """Lay out a table whose every row has a bar; it says so in a word when there is nothing to show."""
    longest = max((count for _, count in counted), default=0)
    rows = "".join(_bar(name, count, longest, total) for name, count in counted)
    body = f"<table>{rows}</table>" if rows else "<p>none</p>"
    return f"<section><h2>{title}</h2>{body}</section>\n"


def _bar(name: str, count: int, longest: int, total: int) -> str:
    length = round(100 * count / longest, 1) if longest else 0
    colour = _COLOURS.get(name, _BLUE)
    bar = (
        '<svg viewBox="0 0 100 10" height="10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{length}" height="10" fill="{colour}"/></svg>'
    )
    share = f" {count / total:.0%}" if total else ""
    return f'<tr><td class="name">{escape(name)}</td><td>{bar}</td><td class="count">{count:,}{escape(share)}</td></tr>'


def _histogram(scores: Sequence[int]) -> str:
    step = _WIDTH / len(scores)
    most = max(scores) or 1
    columns = []
    for number, count in enumerate(scores):
        height = round((_HEIGHT - _BOTTOM) * count / most, 1)
        left, middle, top = number * step + _GAP / 2, (number + 0.5) * step, _HEIGHT - _BOTTOM / 2 - height
        last = number == len(scores) - 1
        columns.append(
            f'<rect x="{left:g}" y="{top:g}" width="{step - _GAP:g}" height="{height:g}" fill="{_BLUE}"/>'
            f'<text x="{middle:g}" y="{top - 4:g}">{count:,}</text>'
            f'<text x="{middle:g}" y="{_HEIGHT - 3}">{number * 10}–{100 if last else number * 10 + 9}</text>'  # noqa: RUF001 - from, to
        )
    drawn = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Addresses by score">{"".join(columns)}</svg>'
    return f'<section class="wide"><h2>Scores</h2>{drawn}</section>\n'
