from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pika
import pytest

from deployment import ROOT, compose, compose_services, filled
from servers import LOOPBACK, RabbitMQ

CHOSEN = {"RABBITMQ_PASSWORD": "chosen"}


def take_in(rabbitmq: RabbitMQ, definitions: str) -> None:
    """Let the broker read definitions, as it does at its start."""
    # The broker is another user's process, to whom pytest's own folders are closed.
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir="/tmp") as file:
        file.write(definitions)
        file.flush()
        Path(file.name).chmod(0o644)
        rabbitmq.control("import_definitions", file.name)


@pytest.fixture
def service_url(rabbitmq: RabbitMQ) -> Iterator[str]:
    """RABBITMQ_URL as compose gives it to a service, on a broker that was given what compose gives to its broker."""
    take_in(rabbitmq, (ROOT / "deploy/rabbitmq/definitions.json").read_text())
    take_in(rabbitmq, filled(compose()["configs"]["rabbitmq-login"]["content"], CHOSEN))
    url = urlsplit(compose_services(CHOSEN)["ingest"].environment["RABBITMQ_URL"])
    yield url._replace(netloc=f"{url.username}:{url.password}@{LOOPBACK}:{rabbitmq.port}").geturl()
    rabbitmq.delete_vhost("mailsift")
    rabbitmq.control("delete_user", "mailsift")


def test_a_service_gets_in_and_its_queues_are_quorum_queues(rabbitmq: RabbitMQ, service_url: str) -> None:
    with closing(pika.BlockingConnection(pika.URLParameters(service_url))) as connection:
        connection.channel().queue_declare("ingest.files", durable=True)
        queues = rabbitmq.control("list_queues", "--vhost", "mailsift", "name", "type")
    assert "ingest.files\tquorum" in queues
