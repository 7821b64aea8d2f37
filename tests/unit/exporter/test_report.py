from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.exporter.writers import charts
from mailsift.exporter.writers.report import Overview, page

OVERVIEW = Overview(
    title="leads.csv",
    made="2026-11-27",
    partial=False,
    rows=1_300,
    addresses=1_200,
    duplicates=80,
    rejected=20,
    statuses={"valid": 900, "risky": 100, "invalid": 150, "unknown": 50},
    lead_statuses={"high-quality": 700, "unknown": 50},
    risk_levels={"low": 1_000},
    scores=[150, 0, 0, 40, 0, 60, 0, 50, 100, 800],
    domains=[("example.com", 600), ("example.org", 3)],
    providers=[("google", 500)],
    reasons=[("dmarc_missing", 420)],
)


class Page(HTMLParser):
    """The texts and the elements of a page."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(content.decode())

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def test_a_report_tells_every_count_and_its_share() -> None:
    texts = Page(page(OVERVIEW)).texts
    told = {
        "valid": ["900", "75%"],
        "invalid": ["150", "12%"],
        "medium-quality": ["0", "0%"],
        "low": ["1,000", "83%"],
        "dmarc_missing": ["420", "35%"],
        "example.com": ["600", "50%"],
        "google": ["500", "42%"],
    }
    for name, (count, share) in told.items():
        assert texts[texts.index(name) + 1 : texts.index(name) + 3] == [count, share]
    assert texts[texts.index("90–100") - 1] == "800"
    assert [texts[texts.index(name) + 1] for name in ("rows", "addresses judged", "of them valid")] == [
        *("1,300", "1,200", "75%"),
    ]


def rectangles(content: bytes) -> list[dict[str, float]]:
    """The columns of the histogram."""
    found = [each for tag, each in Page(content).elements if tag == "rect" and "y" in each]
    return [{name: float(each[name] or 0) for name in ("x", "y", "width", "height")} for each in found]


def test_the_column_of_a_score_is_as_high_as_it_is_frequent() -> None:
    heights = [each["height"] for each in rectangles(page(OVERVIEW))]
    assert len(heights) == 10
    assert max(heights) == heights[9]
    assert abs(heights[8] - heights[9] / 8) < 0.1


@given(st.lists(st.integers(0, 2_000_000_000), min_size=10, max_size=10).filter(any))
def test_columns_and_their_numbers_stay_within_the_chart_and_apart(scores: list[int]) -> None:
    content = charts.histogram(scores).encode()
    columns = rectangles(content)
    for left, right in pairwise(columns):
        assert left["x"] + left["width"] < right["x"]
    # A digit is some seven units wide, and a number stands above its column.
    numbers = [text for text in Page(content).texts if re.fullmatch(r"[0-9.,]+[kM]?", text)]
    assert all(7 * len(number) <= columns[0]["width"] for number in numbers)
    assert all(each["y"] >= 20 and each["height"] >= 0 for each in columns)


def test_steps_of_an_axis_are_easy_to_read() -> None:
    for most, steps in ((1, "0 1"), (10, "0 5 10"), (1_490, "0 500 1,000 1,500"), (11_000_000, "0 5M 10M 15M")):
        texts = Page(charts.histogram([most, *[0] * 9]).encode()).texts
        assert texts[: len(steps.split())] == steps.split()


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0%"), (1, "<1%"), (499, "50%"), (999, ">99%"), (1_000, "100%")], ids=str
)
def test_what_is_there_is_never_none_of_it_and_what_is_not_all_never_all(count: int, told: str) -> None:
    assert charts.share(count, 1_000) == told
    assert not charts.share(0, 0)


def test_every_colour_stands_out_from_white_as_a_graphic_has_to() -> None:
    for colour in (charts.GREEN, charts.OLIVE, charts.AMBER, charts.RED, charts.GREY, charts.BLUE):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
        assert 1.05 / (luminance + 0.05) >= 3, colour


def test_a_report_loads_nothing_and_runs_nothing() -> None:
    content = page(OVERVIEW)
    elements = Page(content).elements
    assert {tag for tag, _ in elements} & {"script", "link", "img", "iframe", "object", "a", "form"} == set()
    assert {name for _, attributes in elements for name in attributes} & {"src", "href", "onclick", "onload"} == set()
    assert not re.search(rb"url\(|@import|https?:", content)
    policy = next(each["content"] for _, each in elements if each.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r")), st.text("<>&\"'/ =scriptonload", max_size=30))
def test_no_name_can_be_markup(title: str, domain: str) -> None:
    hostile = Page(page(replace(OVERVIEW, title=title, domains=[(domain, 1)], providers=[(domain, 2)])))
    usual = Page(page(replace(OVERVIEW, title="a", domains=[("b", 1)], providers=[("b", 2)])))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in usual.elements]
    assert [set(each) for _, each in hostile.elements] == [set(each) for _, each in usual.elements]
    assert "".join(hostile.texts).count(domain) >= 2


def test_an_analysis_of_nothing_is_a_page_too() -> None:
    nothing = Overview("a", "2026-11-27", True, 0, 0, 0, 0, {}, {}, {}, [0] * 10, (), (), ())
    texts = Page(page(nothing)).texts
    assert texts.count("none") == 4
    assert any("still at work" in text for text in texts)
