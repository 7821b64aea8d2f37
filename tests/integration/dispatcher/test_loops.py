from __future__ import annotations

from pathlib import Path

import dramatiq
from dramatiq.brokers.stub import StubBroker
from sqlalchemy import Engine

from conftest import Database
from factories import Tenant, enqueue, make_upload
from mailsift.dispatcher.config import DispatcherSettings
from mailsift.dispatcher.dispatcher import Dispatcher
from mailsift.dispatcher.publisher import InProcessPublisher
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from processes import wait_for


class Faltering(StubBroker):
    """Fails once in a way that nobody foresaw."""

    def __init__(self) -> None:
        super().__init__(middleware=[])
        self.sent = 0

    def enqueue(self, message: dramatiq.Message[None], *, delay: int | None = None) -> dramatiq.Message[None]:
        self.sent += 1
        if self.sent == 1:
            raise AssertionError("a fault of the client library")
        return super().enqueue(message, delay=delay)


def test_a_fault_that_nobody_foresaw_does_not_end_the_relay(
    owner: Engine, database: Database, tenant: Tenant, tmp_path: Path
) -> None:
    with owner.begin() as connection:
        subject = Subject(upload_id=make_upload(connection, tenant))
        enqueue(connection, tenant, JobType.FILE_PROCESSING, subject)
    settings = DispatcherSettings(
        database_url=database.dispatcher_url,
        rabbitmq_url="amqp://nowhere",
        storage_url=tmp_path.as_uri(),
        storage_shared=True,
        republish_seconds=0.2,
        poll_seconds=0.05,
    )
    broker = Faltering()
    dispatcher = Dispatcher(settings, InProcessPublisher(broker))
    dispatcher.start()
    wait_for(lambda: broker.sent > 1 or not dispatcher.live, "the hint to be sent again")
    assert dispatcher.live
    dispatcher.stop()
