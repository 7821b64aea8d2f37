"""SIGTERM under load: every worker leaves within its time, hands its jobs back, and uses up no retry."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from conftest import Database
from factories import Tenant, enqueue, make_tenant, make_upload
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.storage import Storage
from processes import Service, running, wait_for

LISTS, ROWS = 4, 150_000  # some seconds of work, of which the stop comes in the first


@pytest.fixture
def owner(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.owner_url)
    yield engine
    engine.dispose()


@pytest.fixture
def services(
    service: Callable[[str, Mapping[str, str]], Service], database: Database, rabbitmq_url: str, tmp_path: Path
) -> Iterator[Mapping[str, Service]]:
    both = {
        "RABBITMQ_URL": rabbitmq_url,
        "STORAGE_URL": (tmp_path / "objects").as_uri(),
        "STORAGE_SHARED": "true",
    }
    services = {
        "dispatcher": service("dispatcher", {"DATABASE_URL": database.dispatcher_url, **both}),
        "ingest": service("ingest", {"DATABASE_URL": database.worker_url, "BATCH_ROWS": "1000", **both}),
    }
    with running(services):
        yield services


def put_lists(owner: Engine, storage: Storage) -> None:
    content = io.BytesIO(b"".join(b"person%d@example.com,x\n" % number for number in range(ROWS)))
    with owner.begin() as connection:
        tenant: Tenant = make_tenant(connection)
        for number in range(LISTS):
            stored = storage.write(f"list-{number}", [content.getvalue()])
            upload_id = make_upload(connection, tenant, stored.key)
            connection.execute(
                text('UPDATE uploads SET "fileSize" = :size WHERE "uploadId" = :id'),
                {"size": stored.size, "id": upload_id},
            )
            enqueue(connection, tenant, JobType.FILE_PROCESSING, Subject(upload_id=upload_id))


def scalar(owner: Engine, statement: str) -> int:
    with owner.begin() as connection:
        return int(connection.scalar(text(statement)) or 0)


def test_a_stop_under_load_loses_nothing_and_uses_up_no_retry(
    services: Mapping[str, Service], owner: Engine, tmp_path: Path
) -> None:
    put_lists(owner, Storage((tmp_path / "objects").as_uri()))
    wait_for(lambda: scalar(owner, 'SELECT count(*) FROM "uploadEmails"'), "the first rows")
    assert services["ingest"].stop() == 0
    assert scalar(owner, 'SELECT count(*) FROM "jobQueue" WHERE "leaseToken" IS NOT NULL') == 0
    handed_back = """SELECT count(*) FROM "jobEvents" WHERE cause = 'handed back at shutdown'"""
    assert scalar(owner, handed_back) >= 1
    services["ingest"].start()
    done = """SELECT count(*) FROM "jobQueue" WHERE status = 'completed'"""
    wait_for(lambda: scalar(owner, done) == LISTS, "every list to be loaded")
    assert scalar(owner, 'SELECT sum("retryCount") FROM "jobQueue"') == 0
    assert scalar(owner, 'SELECT count(*) FROM "uploadEmails"') == LISTS * ROWS
