"""The charts of a report as HTML and SVG: bars with their counts, a strip of shares, columns by score; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from mailsift.shared.selection import RECOMMENDED_SCORE

# Each stands out from white, for a graphic, as WCAG 2.1 asks (1.4.11: three to one).
GREEN, OLIVE, AMBER, RED, GREY, BLUE = "#2e7d32", "#6b8a1e", "#b86e00", "#c62828", "#77818c", "#2f66b0"

_HUNDRED_THOUSAND: Final = 100_000
_MILLION: Final = 1_000_000

_WIDTH, _HEIGHT = 720, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 24, 46
_BASE: Final = _HEIGHT - _BOTTOM
_TEN: Final = (_WIDTH - _LEFT - _RIGHT) / 10
_GAP: Final = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that is counted."""

    name: str
    count: int
    colour: str = BLUE


def share(count: int, total: int) -> str:
    """Say how much of a whole something is; what is there is never none of it, and what is not all is never all."""
    if not total:
        return ""
    if 0 < count < total:
        return {"0%": "<1%", "100%": ">99%"}.get(rounded := f"{count / total:.0%}", rounded)
    return f"{count / total:.0%}"


def bars(counted: Sequence[Bar], total: int) -> str:
    """Lay out a list whose every line has a bar; it says so in a word when there is nothing to show."""
    if not counted:
        return "<p>none</p>"
    longest = max(bar.count for bar in counted)
    return f'<ul class="bars">{"".join(_bar(bar, longest, total) for bar in counted)}</ul>'


def strip(counted: Sequence[Bar]) -> str:
    """Draw one bar of all, as long as each is frequent."""
    total = sum(bar.count for bar in counted) or 1
    pieces, left = [], 0.0
    for bar in counted:
        width = 100 * bar.count / total
        pieces.append(f'<rect x="{left:.2f}" width="{width:.2f}" height="10" fill="{bar.colour}"/>')
        left += width
    return f'<svg class="strip" {_stretched()}>{"".join(pieces)}</svg>'


def histogram(scores: Sequence[int]) -> str:
    """Draw the columns of ten classes of scores, with both axes and the mark from which an address is recommended."""
    if not any(scores):
        return "<p>none</p>"
    steps = _steps(max(scores))
    drawn = "".join((*_grid(steps), *_columns(scores, steps[-1]), *_axes()))
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Addresses by score">{drawn}</svg>'


def _bar(bar: Bar, longest: int, total: int) -> str:
    length = round(100 * bar.count / longest, 1) if longest else 0
    name = escape(bar.name)
    return (
        f'<li><span class="name" title="{name}"><bdi>{name}</bdi></span><span class="count">{bar.count:,}</span>'
        f'<span class="share">{escape(share(bar.count, total))}</span>'
        f'<svg {_stretched()}><rect width="100" height="10" fill="#eceff2"/>'
        f'<rect width="{length}" height="10" fill="{bar.colour}"/></svg></li>'
    )


def _stretched() -> str:
    return 'viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"'


def _steps(most: int) -> Sequence[int]:
    """Cut what the columns reach into up to five steps that are easy to read, the first of them none."""
    unit = 1
    while True:
        for step in (unit, 2 * unit, 5 * unit):
            if (count := -(-most // step)) <= 4:
                return [step * number for number in range(count + 1)]
        unit *= 10


def _grid(steps: Sequence[int]) -> Iterator[str]:
    for step in steps:
        y = _y(step, steps[-1])
        colour = "#5b646e" if step == 0 else "#dfe3e7"
        yield f'<path d="M{_LEFT} {y:g}H{_WIDTH - _RIGHT}" stroke="{colour}"/>'
        yield f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:g}">{_short(step)}</text>'


def _columns(scores: Sequence[int], top: int) -> Iterator[str]:
    for number, count in enumerate(scores):
        left, y = _LEFT + number * _TEN, _y(count, top)
        middle, last = left + _TEN / 2, 100 if number == len(scores) - 1 else number * 10 + 9
        colour = GREEN if number * 10 >= RECOMMENDED_SCORE else BLUE
        size = f'width="{_TEN - _GAP:g}" height="{_BASE - y:g}"'
        yield f'<rect x="{left + _GAP / 2:g}" y="{y:g}" {size} fill="{colour}"/>'
        yield f'<text x="{middle:g}" y="{y - 5:g}">{_short(count)}</text>'
        yield f'<text class="muted" x="{middle:g}" y="{_BASE + 17}">{number * 10}–{last}</text>'  # noqa: RUF001 - from, to


def _axes() -> Iterator[str]:
    x, middle = _LEFT + RECOMMENDED_SCORE / 10 * _TEN, (_LEFT + _WIDTH - _RIGHT) / 2
    yield f'<path d="M{x:g} {_TOP - 16}V{_BASE}" stroke="#5b646e" stroke-dasharray="3 4"/>'
    yield f'<text class="tick" x="{x - 6:g}" y="{_TOP - 8}">if valid, recommended from {RECOMMENDED_SCORE} on</text>'
    yield f'<text class="muted" x="{middle:g}" y="{_HEIGHT - 6}">score</text>'
    yield f'<text class="muted first" x="0" y="{_TOP - 14}">addresses</text>'


def _y(count: int, top: int) -> float:
    return round(_BASE - (_BASE - _TOP) * count / top, 1)


def _short(count: int) -> str:
    """Write a number so that it is no wider than a column."""
    if count >= _MILLION:
        return f"{count / _MILLION:.3g}M" if count < 1000 * _MILLION else f"{count // _MILLION:,}M"
    return f"{count:,}" if count < _HUNDRED_THOUSAND else f"{count // 1000}k"
