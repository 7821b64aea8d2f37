"""docs/job-lifecycle.md draws and tells what the code does."""

from __future__ import annotations

import re

from deployment import ROOT
from mailsift.dispatcher import window
from mailsift.dispatcher.config import DispatcherSettings
from mailsift.dispatcher.dispatcher import Dispatcher
from mailsift.dispatcher.publisher import RabbitMQPublisher
from mailsift.shared.jobs.catalog import ROUTES
from mailsift.shared.jobs.states import ENDED, RETRYABLE, TRANSITIONS, JobStatus
from mailsift.shared.observability.metrics import REGISTRY
from mailsift.shared.settings import WorkerSettings

PAGE = (ROOT / "docs/job-lifecycle.md").read_text(encoding="utf-8")
PROSE = " ".join(PAGE.split())
OUTSIDE = "[*]"
BROKER = "amqp://login@broker.example/mailsift"

Arrow = tuple[str, str]


def arrows() -> dict[Arrow, str]:
    """What is drawn: the label of each arrow."""
    drawing = re.findall(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)[0]
    drawn = re.findall(r"^ +(\S+) --> (\S+?)(?:: (.+))?$", drawing, re.MULTILINE)
    assert len(drawn) == drawing.count("-->") == len({arrow[:2] for arrow in drawn})
    return {(start, end): label for start, end, label in drawn}


def section(heading: str) -> str:
    return re.split(r"^## ", PAGE.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def names() -> set[str]:
    """Every word of whatever runs."""
    folders = (ROOT / "shared/mailsift", ROOT / "services")
    sources = (path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py"))
    return {name for source in sources for name in re.findall(r"\w+", source)}


def seconds(told: str) -> float:
    number, unit = told.split()
    return float(number) * {"s": 1, "min": 60, "h": 3600}[unit]


def test_every_move_is_drawn_and_nothing_else() -> None:
    drawn = {arrow for arrow in arrows() if OUTSIDE not in arrow}
    assert drawn == {(start.value, end.value) for start, end in TRANSITIONS}


def test_a_job_begins_as_pending_and_leaves_every_state_but_the_last() -> None:
    left = {start for start, _ in TRANSITIONS}
    begins = {(OUTSIDE, JobStatus.PENDING.value)}
    ends = {(status.value, OUTSIDE) for status in set(JobStatus) - left}
    assert {arrow for arrow in arrows() if OUTSIDE in arrow} == begins | ends


def test_an_end_is_left_by_a_retry_and_nothing_else_is() -> None:
    retried = {arrow for arrow, label in arrows().items() if label.startswith("retry")}
    assert retried == {(start.value, end.value) for start, end in TRANSITIONS if start in ENDED}
    assert {start for start, _ in retried} == RETRYABLE


def test_the_states_that_are_told_are_those_that_are_drawn() -> None:
    told = re.findall(r"^\| `(\w+)` \|", PAGE.split("\n## ")[0], re.MULTILINE)
    assert told == [status.value for status in JobStatus]
    assert set(told) == {state for arrow in arrows() for state in arrow} - {OUTSIDE}


def test_the_times_in_the_prose_are_those_that_are_set() -> None:
    worker = {name: field.default for name, field in WorkerSettings.model_fields.items()}
    dispatcher = {name: field.default for name, field in DispatcherSettings.model_fields.items()}
    lease, base, jitter = (worker[name] for name in ("lease_seconds", "retry_base_seconds", "retry_jitter_seconds"))
    for told in (
        f"the lease (every {worker['heartbeat_seconds']} s, for {lease} s)",
        f"the lease runs out ({lease} s)",
        f"after {base} s × 2ⁿ, at most {worker['retry_cap_seconds'] // 3600} h, plus up to {jitter} s of jitter",
        f"sent again after {dispatcher['republish_seconds'] // 60} min",
        f"claimed in the last {window.WINDOW_SECONDS} s",
        f"never fewer than {window.LEAST} and never more than {dispatcher['dispatch_window']}",
    ):
        assert told in PROSE


def test_the_retries_that_are_told_are_those_of_every_type() -> None:
    (told,) = re.findall(r"retries used up \((\d+)\)", PROSE)
    assert {route.max_retries for route in ROUTES.values()} == {int(told)}


def test_every_chore_is_told_with_its_pace_and_its_metric() -> None:
    settings = DispatcherSettings(
        database_url="postgresql://login@database.example/mailsift", rabbitmq_url=BROKER, storage_url="s3://bucket"
    )
    dispatcher = Dispatcher(settings, RabbitMQPublisher(BROKER))
    every = {chore.name: chore.every_seconds for loop in dispatcher._loops for chore in loop._chores}
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \| `(\w+)`", section("Chores"), re.MULTILINE)
    assert {name: seconds(pace) for name, pace, _ in rows} == every
    known = {name for family in REGISTRY.collect() for name in (family.name, f"{family.name}_total")}
    assert {metric for _, _, metric in rows} <= known


def test_every_name_that_is_told_is_one_in_the_code() -> None:
    told = set(re.findall(r'`"?([A-Za-z]\w+)"?`', PAGE))
    spelled = {name.lower() if name.isupper() else name.removesuffix("_total") for name in told}
    assert spelled <= names()


def test_every_folder_that_is_told_is_there() -> None:
    for folder in re.findall(r"`([a-z]+/[\w/]+)`", PAGE):
        assert (ROOT / folder).exists(), folder
