from __future__ import annotations

import time

from sqlalchemy import Engine, text

from conftest import Database
from mailsift.api.health import DatabaseProbe
from mailsift.shared.db.schema import revisions
from mailsift.shared.db.session import make_engine
from processes import wait_for
from servers import PostgreSQL


def settled(probe: DatabaseProbe, *, wanted: bool) -> bool:
    deadline = time.monotonic() + 30
    while (probe.fault is None) is not wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return (probe.fault is None) is wanted


def test_a_process_is_ready_while_its_database_answers(api: Engine) -> None:
    probe = DatabaseProbe(api)
    assert probe.fault == "the database was not asked yet"
    probe.start()
    assert settled(probe, wanted=True)
    probe.stop()
    assert settled(probe, wanted=False)


def test_a_process_is_not_ready_on_a_schema_older_than_it_needs(api: Engine, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :one"), {"one": revisions()[-2]})
    probe = DatabaseProbe(api)
    probe.start()
    wait_for(lambda: "the schema of the database is at" in (probe.fault or ""), "the probe to say so")
    probe.stop()


def test_a_process_is_ready_again_once_its_database_is_back(postgresql: PostgreSQL, database: Database) -> None:
    engine = make_engine(database.api_url, "test")
    probe = DatabaseProbe(engine)
    probe.start()
    assert settled(probe, wanted=True)
    closed = f"ALTER DATABASE {database.name} WITH ALLOW_CONNECTIONS "
    postgresql.execute(f"{closed} false")
    postgresql.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.name}'")
    assert settled(probe, wanted=False)
    postgresql.execute(f"{closed} true")
    assert settled(probe, wanted=True)
    probe.stop()
    engine.dispose()


def test_a_process_without_its_database_is_not_ready() -> None:
    engine = make_engine("postgresql+psycopg2://nobody@127.0.0.1:1/none", "test")
    probe = DatabaseProbe(engine)
    probe.start()
    wait_for(lambda: (probe.fault or "").startswith("the database does not answer: connection to"), "it to say why")
    probe.stop()
    engine.dispose()
