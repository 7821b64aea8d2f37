from __future__ import annotations

import pytest

from mailsift.analyzer.config import AnalyzerSettings
from mailsift.analyzer.worker import make_deps
from mailsift.shared.db.rate_limits import Bucket


@pytest.mark.parametrize(("per_second", "limit"), [(1000, Bucket(10_000, 1000)), (0.5, Bucket(10_000, 0.5)), (0, None)])
def test_a_workspace_may_ask_as_often_as_the_settings_say(per_second: float, limit: Bucket | None) -> None:
    settings = AnalyzerSettings(
        database_url="postgresql://login@database.example/mailsift",
        rabbitmq_url="amqp://login@broker.example/mailsift",
        dns_domains_per_second=per_second,
    )
    assert make_deps(settings).limit == limit
