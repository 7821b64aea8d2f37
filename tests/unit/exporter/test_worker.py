from __future__ import annotations

import logging
from collections.abc import Iterator

import dramatiq
import pytest
import structlog

from mailsift.exporter.worker import set_up


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("DATABASE_URL", "postgresql://mailsift_worker@localhost/mailsift")
    monkeypatch.setenv("RABBITMQ_URL", "amqp://localhost")
    monkeypatch.setenv("STORAGE_URL", "s3://bucket")
    return monkeypatch


@pytest.fixture
def _process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `set_up` changes for its whole process."""
    monkeypatch.setattr(dramatiq.broker, "global_broker", None)
    monkeypatch.setattr(logging.root, "handlers", list(logging.root.handlers))
    level = logging.root.level
    yield
    logging.root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.usefixtures("environment", "_process")
def test_a_worker_listens_to_the_queues_of_exports_and_deliveries() -> None:
    set_up()
    broker = dramatiq.get_broker()
    assert broker.get_declared_actors() == {"export", "webhook_delivery"}
    assert broker.get_actor("export").queue_name == "exporter.files"
