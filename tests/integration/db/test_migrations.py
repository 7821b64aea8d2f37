from __future__ import annotations

import re
import uuid

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url, text

from conftest import Database
from deployment import ROOT
from factories import make_tenant, make_upload
from mailsift.shared.db import tables  # noqa: F401 - completes the metadata
from mailsift.shared.db.base import Base
from mailsift.shared.db.migrate import ROLES, RolesError, main, migrate, require_walls, revision_of
from mailsift.shared.db.schema import revisions, schema_fault
from servers import PostgreSQL


def test_the_migrations_make_what_the_models_say(empty_database_url: str) -> None:
    migrate(empty_database_url)
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_the_schema_goes_up_down_and_up_again(empty_database_url: str) -> None:
    migrate(empty_database_url)
    migrate(empty_database_url, revision="base")
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        left = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        assert left == ["alembic_version"]
    engine.dispose()
    migrate(empty_database_url)
    migrate(empty_database_url)


def test_a_release_can_be_taken_back_with_uploads_that_only_it_knows(empty_database_url: str) -> None:
    migrate(empty_database_url)
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        tenant = make_tenant(connection)
        kept, preview, unfetched = (make_upload(connection, tenant) for _ in range(3))
        connection.execute(text("""UPDATE uploads SET status = 'preview' WHERE "uploadId" = :id"""), {"id": preview})
        connection.execute(
            text("""UPDATE uploads SET "storageKey" = NULL, source = 'url' WHERE "uploadId" = :id"""), {"id": unfetched}
        )
    migrate(empty_database_url, revision="0003")
    with engine.begin() as connection:
        assert connection.scalars(text('SELECT "uploadId" FROM uploads')).all() == [kept]
    engine.dispose()
    migrate(empty_database_url)


def test_a_schema_that_a_later_release_made_is_left_as_it_is(empty_database_url: str) -> None:
    migrate(empty_database_url)
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("""UPDATE alembic_version SET version_num = '9999'""")
    migrate(empty_database_url)
    with engine.begin() as connection:
        assert revision_of(connection) == "9999"
    engine.dispose()


def test_the_revision_stands_where_alembics_own_tools_look_for_it_in_databases_of_before_too(
    empty_database_url: str,
) -> None:
    engine = create_engine(empty_database_url)
    migrate(empty_database_url, revision=revisions()[-2])
    with engine.begin() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == revisions()[-2]
        connection.exec_driver_sql('ALTER TABLE alembic_version RENAME version_num TO "versionNum"')
    assert schema_fault(engine) is not None
    migrate(empty_database_url)
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == revisions()[-1]
    assert schema_fault(engine) is None
    engine.dispose()


def test_roles_are_made_alone_where_a_dump_is_to_be_restored(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    for arguments, code in ((["--roles"], 0), (["--role"], 2)):
        monkeypatch.setattr("sys.argv", ["migrate", *arguments])
        assert main() == code
    assert "only --roles" in capsys.readouterr().err
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        assert revision_of(connection) is None
        assert connection.scalar(text("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'mailsift%'")) == len(ROLES)
    engine.dispose()


def test_a_database_that_cannot_hold_every_name_is_refused(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"ascii_{uuid.uuid4().hex}"
    postgresql.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    monkeypatch.setenv("DATABASE_URL", postgresql.url(name))
    monkeypatch.setattr("sys.argv", ["migrate"])
    try:
        assert main() == 1
    finally:
        postgresql.execute(f"DROP DATABASE {name}")
    assert "SQL_ASCII" in capsys.readouterr().err


def test_the_server_is_shown_no_password(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        # A server that sees a password hashes it as it is told to here; a verifier it keeps as it came.
        connection.execute(
            text(f"ALTER DATABASE {make_url(empty_database_url).database} SET password_encryption = 'md5'")
        )
    migrate(empty_database_url, {"mailsift_api": "hunter2"})
    with engine.begin() as connection:
        kept = connection.scalar(text("SELECT rolpassword FROM pg_authid WHERE rolname = 'mailsift_api'"))
        connection.execute(text("ALTER ROLE mailsift_api PASSWORD NULL"))
    assert kept.startswith("SCRAM-SHA-256$")
    engine.dispose()


def test_an_api_that_inherits_what_operators_see_is_refused(empty_database_url: str) -> None:
    migrate(empty_database_url)
    engine = create_engine(empty_database_url)
    # Roles are the whole server's: what is done to them here is never committed.
    with engine.connect() as connection:
        require_walls(connection)
        for statement in (
            "REVOKE mailsift_operator FROM mailsift_api",
            "ALTER ROLE mailsift_api INHERIT",
            "GRANT mailsift_operator TO mailsift_api",
        ):
            connection.exec_driver_sql(statement)
        with pytest.raises(RolesError, match="NOINHERIT"):
            require_walls(connection)
    engine.dispose()


def test_who_watches_the_server_sees_what_it_says_of_itself_and_no_table(empty_database_url: str) -> None:
    migrate(empty_database_url)
    watcher = create_engine(make_url(empty_database_url).set(username="mailsift_monitor"))
    with watcher.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE usename = 'postgres'")) > 0
        assert connection.scalar(text("SELECT sum(size) FROM pg_ls_waldir()")) > 0
        tables = connection.scalars(
            text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        ).all()
        rights = text(
            "SELECT bool_or(has_any_column_privilege(name, privilege)) FROM unnest(CAST(:tables AS text[])) AS name,"
            " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS privilege"
        )
        assert (len(tables) > 20, connection.scalar(rights, {"tables": list(tables)})) == (True, False)
    watcher.dispose()


def test_the_migrations_run_without_a_superuser_where_the_roles_are_there(empty_database_url: str) -> None:
    admin = create_engine(empty_database_url)
    with admin.begin() as connection:
        name = make_url(empty_database_url).database
        connection.execute(text(f"ALTER DATABASE {name} OWNER TO mailsift_owner"))
    owner_url = make_url(empty_database_url).set(username="mailsift_owner").render_as_string(hide_password=False)
    migrate(owner_url)
    with admin.connect() as connection:
        owners = connection.scalars(text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")).all()
        assert owners == ["mailsift_owner"]
    admin.dispose()


ROLES_BY_HAND = re.findall(r"^```sql\n(.*?)^```", (ROOT / "docs/operations.md").read_text(), re.DOTALL | re.MULTILINE)
ROLES_AS_THEY_ARE = """
    SELECT role.rolname, role.rolcanlogin, role.rolinherit, role.rolbypassrls, role.rolsuper,
        ARRAY(SELECT above.rolname FROM pg_auth_members JOIN pg_roles AS above ON above.oid = roleid
              WHERE member = role.oid ORDER BY 1)
    FROM pg_roles AS role WHERE role.rolname LIKE :prefix ORDER BY 1"""


def test_roles_that_are_made_as_the_page_has_it_are_those_that_the_migrations_make(database: Database) -> None:
    (script,) = ROLES_BY_HAND
    engine = create_engine(database.admin_url)
    with engine.connect() as connection:
        made = [tuple(row) for row in connection.execute(text(ROLES_AS_THEY_ARE), {"prefix": r"mailsift\_%"})]
        connection.exec_driver_sql(script.replace("mailsift_", "byhand_"))
        by_hand = [tuple(row) for row in connection.execute(text(ROLES_AS_THEY_ARE), {"prefix": r"byhand\_%"})]
        connection.rollback()
    engine.dispose()
    assert len(made) == 6
    assert repr(by_hand) == repr(made).replace("mailsift_", "byhand_")
