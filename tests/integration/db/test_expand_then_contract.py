"""The release before a migration goes on working, while the migration runs and after it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, Engine, create_engine, text

from conftest import Database
from deployment import ROOT
from mailsift.shared.db import migrate as migrate_module
from mailsift.shared.db.migrate import migrate
from mailsift.shared.db.migrations.indexes import build_index
from mailsift.shared.db.schema import revisions
from processes import wait_for
from schemas import built_on_old_tables, minded, rewritten, schema_of

VERSIONS = ROOT / "shared/mailsift/shared/db/migrations/versions"
# Until then, databases are made and not migrated: nobody runs an older release.
FIRST_RELEASE = "0024"
# By revision: what it takes away, in the words of the finding, and the last release that used it: one before the last.
CONTRACTED: Mapping[str, Mapping[str, str]] = {}
NEW_PERSON = 'INSERT INTO "userProfiles" ("userId") VALUES (gen_random_uuid())'


@pytest.fixture
def owner(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.owner_url)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(owner: Engine) -> Iterator[Connection]:
    with owner.connect() as connection:
        yield connection


def is_built_apart(name: str, migration: str) -> bool:
    return re.search(rf'build_index\(\s*"{name}"', migration) is not None


def written(revision: str) -> str:
    return "".join(path.read_text() for path in sorted(Path(VERSIONS).glob(f"{revision}_*")))


def test_no_migration_takes_from_the_release_before_it_what_that_needs(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    migrate(empty_database_url, revision=FIRST_RELEASE)
    with engine.connect() as connection:
        before = schema_of(connection)
    for revision in revisions()[revisions().index(FIRST_RELEASE) + 1 :]:
        migrate(empty_database_url, revision=revision)
        with engine.connect() as connection:
            after = schema_of(connection)
        assert [line for line in minded(before, after) if line not in CONTRACTED.get(revision, {})] == [], revision
        assert rewritten(before, after) == [], f"{revision} writes whole tables anew, while nobody can read them"
        slow = [name for name in built_on_old_tables(before, after) if not is_built_apart(name, written(revision))]
        assert slow == [], f"{revision} holds up writers: use build_index"
        before = after
    engine.dispose()


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ("DROP TABLE schedules CASCADE", "schedules.cron is gone"),
        ('ALTER TABLE uploads RENAME "fileName" TO name', "uploads.fileName is gone"),
        (
            'ALTER TABLE uploads ALTER "fileName" TYPE varchar(9)',
            "uploads.fileName is character varying(9), no longer text",
        ),
        ("ALTER TABLE uploads ADD region text NOT NULL", "uploads.region is new and has to be given"),
        ("ALTER TABLE uploads ALTER sha256 SET NOT NULL", "uploads.sha256 may not be null any more"),
        ("ALTER TABLE workspaces ALTER plan DROP DEFAULT", "workspaces.plan has to be given, its default is gone"),
        ("REVOKE SELECT ON uploads FROM mailsift_api", "mailsift_api has no SELECT on uploads any more"),
        ("DROP FUNCTION api_key_owner(bytea)", "api_key_owner(hash bytea) does not return what it did"),
        (
            'ALTER TABLE uploads ADD CHECK ("totalRows" < 9)',
            'uploads_totalRows_check is new: CHECK (("totalRows" < 9))',
        ),
        ("CREATE UNIQUE INDEX once ON uploads (sha256)", "once is new and unique"),
        ("ALTER TABLE uploads ADD CONSTRAINT once UNIQUE (sha256)", "once is new: UNIQUE (sha256)"),
    ],
)
def test_what_code_that_is_at_work_would_mind_is_found(connection: Connection, change: str, finding: str) -> None:
    before = schema_of(connection)
    connection.exec_driver_sql(change)
    assert finding in minded(before, schema_of(connection))


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE regions (name text NOT NULL)",
        "ALTER TABLE uploads ADD region text",
        "ALTER TABLE uploads ADD region text NOT NULL DEFAULT 'eu' CHECK (region <> '')",
        "GRANT SELECT ON uploads TO mailsift_dispatcher",
        "CREATE INDEX once ON uploads (sha256)",
        """ALTER TABLE "apiKeys" DROP CONSTRAINT "ck_apiKeys_kind",
            ADD CONSTRAINT "ck_apiKeys_kind" CHECK (kind IN ('live', 'test', 'preview'))""",
    ],
)
def test_what_only_adds_is_left_alone(connection: Connection, change: str) -> None:
    before = schema_of(connection)
    connection.exec_driver_sql(change)
    after = schema_of(connection)
    assert (minded(before, after), rewritten(before, after)) == ([], [])


def test_a_table_that_is_written_anew_is_found(connection: Connection) -> None:
    before = schema_of(connection)
    connection.exec_driver_sql("ALTER TABLE uploads ADD chance double precision DEFAULT random()")
    connection.exec_driver_sql('CREATE INDEX "ix_chance" ON uploads (chance)')
    after = schema_of(connection)
    assert (rewritten(before, after), built_on_old_tables(before, after)) == (["uploads"], ["ix_chance"])


def test_an_index_is_built_while_others_write_and_in_place_of_one_that_was_cut_off(database: Database) -> None:
    admin = create_engine(database.admin_url)
    with admin.begin() as connection:
        connection.exec_driver_sql('CREATE INDEX ix_email ON "userProfiles" (email)')
        connection.exec_driver_sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_email'::regclass")
    with admin.connect() as writer:
        writer.exec_driver_sql(NEW_PERSON)
        with ThreadPoolExecutor(1) as pool:
            built = pool.submit(build, admin, "ix_email", '"userProfiles" (email)')
            wait_for(lambda: waiting(admin), "the build to wait for the writer")
            writer.exec_driver_sql(NEW_PERSON)
            writer.commit()
            built.result()
    with admin.begin() as connection:
        assert connection.scalar(text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_email'::regclass"))
        assert connection.scalar(text("SHOW lock_timeout")) == "0"
    admin.dispose()


def test_migrations_that_wait_for_their_turn_keep_no_index_from_being_built(database: Database) -> None:
    admin = create_engine(database.admin_url)
    with admin.connect() as migrating, ThreadPoolExecutor(1) as pool:
        migrating.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": migrate_module._LOCK})
        migrating.commit()
        waits = pool.submit(migrate, database.admin_url)
        wait_for(lambda: asking_for_the_turn(admin), "the second to ask for its turn")
        build(admin, "ix_email", '"userProfiles" (email)')
        migrating.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": migrate_module._LOCK})
        migrating.commit()
        waits.result()
    admin.dispose()


def build(engine: Engine, name: str, on: str) -> None:
    """Build an index as a migration does."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"transaction_per_migration": True})
        with Operations.context(context), context.begin_transaction(_per_migration=True):
            build_index(name, on)


def waiting(engine: Engine) -> list[Any]:
    return rows(engine, "SELECT FROM pg_stat_activity WHERE pg_blocking_pids(pid) <> '{}'")


def asking_for_the_turn(engine: Engine) -> list[Any]:
    return rows(engine, "SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_try_advisory_lock%'")


def rows(engine: Engine, statement: str) -> list[Any]:
    with engine.begin() as connection:
        return list(connection.execute(text(statement)).all())
