"""docs/api.md says of webhooks what the code does, and its example works."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailsift.api.actions.telling import MOST
from mailsift.dispatcher.config import DispatcherSettings
from mailsift.exporter.config import ExporterSettings
from mailsift.exporter.webhooks.signing import signed_headers
from mailsift.shared.events import WebhookEvent

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text().split("## Webhooks\n")[1].split("\n## ")[0]
PROSE = " ".join(PAGE.split())
OLD, NEW = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"o", b"n"))
BODY = '{"type": "webhook.test", "data": {"ünïcode": 1}}'.encode()


@pytest.fixture
def is_ours() -> Callable[[str, dict[str, str], bytes], bool]:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 - what the page shows is what is tried
    found: Callable[[str, dict[str, str], bytes], bool] = names["is_ours"]
    return found


def test_the_example_knows_our_messages_and_no_others(is_ours: Callable[..., bool]) -> None:
    headers = signed_headers("0192f0c1", int(time.time()), BODY, [NEW, OLD])
    assert is_ours(NEW, headers, BODY)
    assert is_ours(OLD, headers, BODY)
    assert not is_ours(OLD, headers, BODY + b" ")
    assert not is_ours(OLD, {**headers, "webhook-id": "another"}, BODY)
    assert not is_ours(OLD, signed_headers("0192f0c1", int(time.time()), BODY, [NEW]), BODY)
    assert not is_ours(OLD, signed_headers("0192f0c1", int(time.time()) - 400, BODY, [OLD]), BODY)


def test_every_event_is_on_the_page() -> None:
    assert re.findall(r"^\| `([a-z_.]+)` \|", PAGE, re.MULTILINE) == [event.value for event in WebhookEvent]


def test_the_times_and_counts_on_the_page_are_those_that_are_set() -> None:
    exporter = {name: field.default for name, field in ExporterSettings.model_fields.items()}
    dispatcher = {name: field.default for name, field in DispatcherSettings.model_fields.items()}
    base, days = exporter["webhook_retry_base_seconds"], {72: "three days"}[exporter["webhook_give_up_hours"]]
    for told in (
        f"A workspace has {MOST} webhooks at most",
        f"while an analysis runs, every {dispatcher['webhook_progress_seconds']} s at most",
        f"within {exporter['webhook_seconds']} s",
        f"after {base} to {2 * base} s, then after twice that each time, up to twelve hours, for {days}",
        "has failed for five days",
        f"The log** of the last {dispatcher['retain_deliveries_days']} days",
    ):
        assert told in PROSE, told
    assert (exporter["webhook_retry_cap_seconds"], exporter["webhook_disable_days"]) == (12 * 3600, 5)
