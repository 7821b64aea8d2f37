from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

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
    for name, count in (("valid", "900 75%"), ("invalid", "150 12%"), ("medium-quality", "0 0%"), ("low", "1,000 83%")):
        assert texts[texts.index(name) + 1] == count
    for name, count in (("dmarc_missing", "420 35%"), ("example.com", "600 50%"), ("google", "500 42%")):
        assert texts[texts.index(name) + 1] == count
    assert texts[texts.index("90–100") - 1] == "800"
    assert texts[texts.index("rows") + 1] == "1,300"


def test_the_column_of_a_score_is_as_high_as_it_is_frequent() -> None:
    heights = [
        float(each["height"] or 0) for tag, each in Page(page(OVERVIEW)).elements if tag == "rect" and "y" in each
    ]
    assert len(heights) == 10
    assert max(heights) == heights[9]
    assert abs(heights[8] - heights[9] / 8) < 0.1


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
    assert texts.count("none") == 3
    assert any("still at work" in text for text in texts)
