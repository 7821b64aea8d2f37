from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import httpx
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, make_url, text

from conftest import Database
from mailsift.shared.db.schema import revisions, schema_fault, stand_by
from mailsift.shared.db.session import make_engine
from processes import wait_for
from servers import LOOPBACK, free_port

ROLES = ("mailsift_api", "mailsift_worker", "mailsift_dispatcher")


@pytest.fixture(params=ROLES)
def service(request: pytest.FixtureRequest, database: Database) -> Iterator[Engine]:
    """What a service has at hand, on a database that it may or may not work on."""
    url = make_url(database.owner_url).set(username=request.param, drivername="postgresql+psycopg2")
    engine = make_engine(url.render_as_string(hide_password=False), "test", pool_size=1)
    yield engine
    engine.dispose()


@pytest.fixture
def worker(database: Database) -> Iterator[Engine]:
    engine = make_engine(database.worker_url.replace("postgresql:", "postgresql+psycopg2:"), "test", pool_size=1)
    yield engine
    engine.dispose()


def set_revision(database: Database, revision: str) -> None:
    engine = create_engine(database.owner_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()


def test_files_of_migrations_are_named_by_their_revisions_in_their_order() -> None:
    config = Config()
    config.set_main_option("script_location", "mailsift.shared.db:migrations")
    chain = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert list(revisions()) == chain[::-1]


def test_every_service_sees_that_the_schema_is_its_own(service: Engine) -> None:
    assert schema_fault(service) is None


def test_an_older_schema_is_a_fault_that_says_what_to_do(database: Database, worker: Engine) -> None:
    set_revision(database, revisions()[-2])
    fault = schema_fault(worker) or ""
    assert f"is at {revisions()[-2]}, and this release needs {revisions()[-1]}" in fault
    assert "python -m mailsift.shared.db.migrate" in fault


def test_a_schema_from_before_services_could_look_is_a_fault(database: Database, worker: Engine) -> None:
    engine = create_engine(database.owner_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("REVOKE SELECT ON alembic_version FROM mailsift_worker")
    engine.dispose()
    assert "too old for this release" in (schema_fault(worker) or "")


def test_a_database_that_lets_nobody_in_says_why(database: Database) -> None:
    engine = make_engine(f"{database.worker_url}_gone", "test", pool_size=1)
    assert 'FATAL:  database "' in (schema_fault(engine) or "")
    engine.dispose()


def test_a_newer_schema_is_none_so_that_a_release_can_be_rolled_back(database: Database, worker: Engine) -> None:
    set_revision(database, "9999")
    assert schema_fault(worker) is None


def test_a_process_waits_for_its_schema_and_tells_probes_why(database: Database, worker: Engine) -> None:
    set_revision(database, revisions()[-2])
    port = free_port()
    seen: list[httpx.Response] = []

    def look_and_migrate() -> None:
        seen.append(wait_for(lambda: answer(port, "/readyz"), "the probe to be answered"))
        seen.append(wait_for(lambda: answer(port, "/livez"), "the other, too"))
        set_revision(database, revisions()[-1])

    looker = threading.Thread(target=look_and_migrate)
    looker.start()
    stand_by(worker, (LOOPBACK, port))
    looker.join()
    assert [response.status_code for response in seen] == [503, 200]
    assert seen[0].text.startswith("not ok: the schema of the database is at ")


def test_a_process_that_waits_for_its_schema_leaves_when_it_is_asked_to(database: Database, worker: Engine) -> None:
    set_revision(database, revisions()[-2])
    port = free_port()
    before = signal.getsignal(signal.SIGTERM)

    def ask() -> None:
        wait_for(lambda: answer(port, "/readyz"), "the probe to be answered")
        os.kill(os.getpid(), signal.SIGTERM)

    asker = threading.Thread(target=ask)
    asker.start()
    with pytest.raises(SystemExit) as left:
        stand_by(worker, (LOOPBACK, port))
    asker.join()
    assert left.value.code == 0
    assert signal.getsignal(signal.SIGTERM) is before


def answer(port: int, path: str) -> httpx.Response | None:
    try:
        return httpx.get(f"http://{LOOPBACK}:{port}{path}", trust_env=False)
    except httpx.TransportError:
        return None
