"""docs/operations.md says what the code and the manifests say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import BaseSettings
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from deployment import ROOT, SETTINGS, container, of_kind
from mailsift.api.config import ApiSettings
from mailsift.api.deps import wire
from mailsift.dispatcher.config import DispatcherSettings
from mailsift.dispatcher.dispatcher import Dispatcher
from mailsift.dispatcher.publisher import RabbitMQPublisher
from mailsift.shared.jobs.worker import JobWorker
from mailsift.shared.settings import (
    BrokerSettings,
    ResolverSettings,
    RetrySettings,
    Settings,
    StorageSettings,
    WorkerSettings,
)

PAGE = (ROOT / "docs/operations.md").read_text()
SHARED: dict[str, type[BaseSettings]] = {
    "Everywhere": Settings,
    "Messages": BrokerSettings,
    "Workers": WorkerSettings,
    "Retries": RetrySettings,
    "Files": StorageSettings,
    "Nameservers": ResolverSettings,
}
DATABASE = "postgresql://login@database.example/mailsift"
BROKER = "amqp://login@broker.example/mailsift"


def section(heading: str) -> str:
    """The text under a heading, up to the next one."""
    return re.split(r"^#+ ", PAGE.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def rows(heading: str, cells: int) -> list[tuple[str, ...]]:
    """The first cells of each row of the table under a heading."""
    lines = [line.strip("|").split(" | ") for line in section(heading).splitlines() if line.startswith("| `")]
    return [tuple(cell.strip() for cell in line[:cells]) for line in lines]


def own_variables(settings: type[BaseSettings]) -> list[tuple[str, str]]:
    """What a class of settings adds to its bases, with defaults as the page writes them."""
    fields = {name: settings.model_fields[name] for name in vars(settings).get("__annotations__", {})}
    return [
        (f"`{name.upper()}`", "required" if field.is_required() else written(field.default))
        for name, field in fields.items()
    ]


def written(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return "none" if default in {(), None} else str(default)


@pytest.mark.parametrize("group", SHARED)
def test_shared_variables_stand_on_the_page_with_their_services(group: str) -> None:
    readers = ", ".join(word for word, settings in SETTINGS.items() if issubclass(settings, SHARED[group]))
    assert rows(f"{group}: {readers}", 2) == own_variables(SHARED[group])


@pytest.mark.parametrize("word", SETTINGS)
def test_the_variables_of_a_service_stand_on_the_page(word: str) -> None:
    assert rows(word, 2) == own_variables(SETTINGS[word])


def test_the_secrets_of_the_base_stand_on_the_page() -> None:
    wanted = {
        f"`mailsift-{container(one)['name']}`": ", ".join(f"`{variable['name']}`" for variable in container(one)["env"])
        for one in of_kind("Deployment")
    }
    listed = {row[0]: row[1] for row in rows("The Secrets", 2)}
    assert {name: listed.get(name) for name in wanted} == wanted
    assert {"`mailsift-migrate`", "`mailsift-storage`"} == set(listed) - set(wanted)


def test_connections_are_counted_right(tmp_path: Path) -> None:
    settings = WorkerSettings(database_url=DATABASE, rabbitmq_url=BROKER, worker_threads=7)
    worker = JobWorker(settings, "ingest", serve_health=False)
    assert pool_size(worker.engine) == 7 + 1
    api = wire(ApiSettings(database_url=DATABASE, storage_url=f"file://{tmp_path}", storage_shared=True))
    dispatching = DispatcherSettings(database_url=DATABASE, rabbitmq_url=BROKER, storage_url="s3://bucket")
    dispatcher = Dispatcher(dispatching, RabbitMQPublisher(BROKER))
    # Both listen on one connection beside their pool.
    counted = {"`api`": str(pool_size(api.engine) + 1), "`dispatcher`": str(pool_size(dispatcher._engine) + 1)}
    assert {word: number for word, number in rows("Scale", 2) if number.isdigit()} == counted


def pool_size(engine: Engine) -> int:
    assert isinstance(engine.pool, QueuePool)
    return engine.pool.size()
