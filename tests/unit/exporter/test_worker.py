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


def test_faults_of_the_environment_end_the_worker_with_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        set_up()
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert all(name in message for name in ("DATABASE_URL", "RABBITMQ_URL", "STORAGE_URL"))


def test_a_folder_that_is_not_shared_is_refused(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("STORAGE_URL", "file:///var/lib/mailsift")
    with pytest.raises(SystemExit) as caught:
        set_up()
    assert caught.value.code == 2
    assert "STORAGE_SHARED" in capsys.readouterr().err


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
def test_a_worker_listens_to_the_queue_of_exports() -> None:
    set_up()
    broker = dramatiq.get_broker()
    assert broker.get_declared_actors() == {"export"}
    assert broker.get_actor("export").queue_name == "exporter.files"
