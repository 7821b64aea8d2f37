"""The pages say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployment import ROOT
from mailsift.dispatcher.config import DispatcherSettings
from mailsift.shared.db import tables
from mailsift.shared.jobs.catalog import ALL_QUEUES
from mailsift.shared.jobs.states import JobStatus
from mailsift.shared.settings import WorkerSettings

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def test_the_life_of_a_job_tells_every_state() -> None:
    told = re.findall(r"^\| `(\w+)` \|", read("docs/job-lifecycle.md").split("## Claim")[0], re.MULTILINE)
    assert told == [status.value for status in JobStatus]


def test_the_life_of_a_job_tells_the_times_that_are_set() -> None:
    told = dict(re.findall(r"`([A-Z_]+)` (\d+)", read("docs/job-lifecycle.md").split("## Settings")[1]))
    fields = {**WorkerSettings.model_fields, **DispatcherSettings.model_fields}
    assert told == {name: f"{fields[name.lower()].default:g}" for name in told}
    assert len(told) >= 10


def test_the_architecture_tells_who_writes_each_table() -> None:
    section = read("docs/architecture.md").split("## Who writes which table")[1].split("##")[0]
    told = {name for row in re.findall(r"^\|([^|]+)\|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert told == {getattr(tables, name).__tablename__ for name in tables.__all__}


def test_the_picture_shows_every_queue() -> None:
    picture = read("docs/architecture.md")
    for queue in ALL_QUEUES:
        service, _, name = queue.partition(".")
        assert re.search(rf"{service}\.(\{{[\w,]*)?{name}", picture), queue


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
