from __future__ import annotations

from dramatiq.brokers.stub import StubBroker

from mailsift.exporter.actors import declare_actors
from mailsift.exporter.config import ExporterSettings
from mailsift.exporter.worker import make_deps
from mailsift.shared.jobs.worker import JobWorker


def test_a_worker_listens_to_the_queues_of_exports_and_deliveries() -> None:
    settings = ExporterSettings(
        database_url="postgresql://mailsift_worker@localhost/mailsift",
        rabbitmq_url="amqp://localhost",
        storage_url="s3://bucket",
    )
    broker = StubBroker()
    declare_actors(broker, JobWorker(settings, "exporter").runner, make_deps(settings))
    assert broker.get_declared_actors() == {"export", "webhook_delivery"}
    assert broker.get_actor("export").queue_name == "exporter.files"
    assert broker.get_actor("webhook_delivery").queue_name == "exporter.deliveries"
