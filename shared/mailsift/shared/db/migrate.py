"""Brings a database to the newest schema: roles first, then migrations (`python -m mailsift.shared.db.migrate`)."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from psycopg2 import sql
from psycopg2.extensions import encrypt_password
from sqlalchemy import Connection, create_engine, text

from mailsift.shared.db.schema import revisions
from mailsift.shared.settings import psycopg2_url

OWNER = "mailsift_owner"
# What each role may do beyond its table grants, which the migrations give. BYPASSRLS for the services that work for all
# tenants: COPY FROM is refused under row-level security. The API becomes the operator for one transaction at a time,
# and inherits nothing of it in all others.
ROLES = {
    OWNER: "LOGIN NOBYPASSRLS",
    "mailsift_operator": "NOLOGIN NOBYPASSRLS",
    "mailsift_api": "LOGIN NOINHERIT NOBYPASSRLS",
    "mailsift_worker": "LOGIN BYPASSRLS",
    "mailsift_dispatcher": "LOGIN BYPASSRLS",
    "mailsift_monitor": "LOGIN NOBYPASSRLS",
}
_SERVICES = ("mailsift_api", "mailsift_worker", "mailsift_dispatcher")
# Roles that were made by hand, or by an older release, may let the API have what it should only take on.
_INHERITS = text("""
    SELECT pg_has_role(api.oid, operator.oid, 'USAGE') FROM pg_roles AS api, pg_roles AS operator
    WHERE api.rolname = 'mailsift_api' AND operator.rolname = 'mailsift_operator'""")
# Databases of before the first release have Alembic's one column under a name of ours.
_ITS_OWN_NAME = """
    DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_attribute
                   WHERE attrelid = to_regclass('alembic_version') AND attname = 'versionNum') THEN
            ALTER TABLE alembic_version RENAME "versionNum" TO version_num;
        END IF;
    END $$"""
_LOCK = 0x6D61696C  # any number that nobody else takes for an advisory lock
_TURN_SECONDS = 0.2


class RolesError(Exception):
    """The roles would let tenants see each other."""


class EncodingError(Exception):
    """The database cannot hold every text."""


def migrate(admin_url: str, passwords: Mapping[str, str] | None = None, revision: str = "head") -> None:
    """Create missing roles if this login may, then go up or down to a revision; `head` is the newest, `base` is none.

    A schema that a later release made is left as it is, so that one can go back to this release. Safe to run twice or
    at once. Raises EncodingError and RolesError.
    `passwords` maps a role's name to its password; a role that is not named keeps what it has.
    """
    with _in_turn(admin_url) as connection:
        with connection.begin():
            _require_utf8(connection)
        _ensure_roles(connection, passwords or {})
        with connection.begin():
            require_walls(connection)
        _run_migrations(connection, revision)


def make_roles(admin_url: str, passwords: Mapping[str, str] | None = None) -> None:
    """Create missing roles and nothing else: a dump can only be restored where those are that it names."""
    with _in_turn(admin_url) as connection:
        _ensure_roles(connection, passwords or {})


@contextmanager
def _in_turn(admin_url: str) -> Iterator[Connection]:
    engine = create_engine(psycopg2_url(admin_url))
    try:
        with engine.connect() as connection:
            _wait_for_turn(connection)
            yield connection
    finally:
        engine.dispose()


def _wait_for_turn(connection: Connection) -> None:
    # Asking again and again, not waiting inside of a statement: an index that is built concurrently waits for all of
    # those, so that who waits for it would keep it from ever being done.
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
        connection.rollback()
        time.sleep(_TURN_SECONDS)
    connection.commit()


def _require_utf8(connection: Connection) -> None:
    # A server set up without a locale makes others by default, and the first name with an accent would fail there.
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise EncodingError(
            f"the database is encoded in {encoding} and cannot hold every name and address:"
            " make it anew by CREATE DATABASE mailsift ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
        )


def _ensure_roles(connection: Connection, passwords: Mapping[str, str]) -> None:
    with connection.begin():
        may = connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
        if not may:
            return
        present = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
        for role, attributes in ROLES.items():
            if role not in present:
                connection.exec_driver_sql(f"CREATE ROLE {role} {attributes}")
            if role in passwords:
                _set_password(connection, role, passwords[role])
        connection.exec_driver_sql(f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}")
        connection.exec_driver_sql("GRANT pg_signal_backend, pg_read_all_stats TO mailsift_dispatcher")
        # What the server says of itself, and no table.
        connection.exec_driver_sql("GRANT pg_monitor TO mailsift_monitor")
        # An older release made the role without this word.
        connection.exec_driver_sql("ALTER ROLE mailsift_api NOINHERIT")
        connection.exec_driver_sql("GRANT mailsift_operator TO mailsift_api")


def require_walls(connection: Connection) -> None:
    """Refuse an API that is an operator all the time: each tenant would see the jobs of all. Raises RolesError."""
    if connection.scalar(_INHERITS):
        raise RolesError(
            "mailsift_api inherits mailsift_operator: REVOKE mailsift_operator FROM mailsift_api,"
            " ALTER ROLE mailsift_api NOINHERIT, and GRANT mailsift_operator TO mailsift_api again"
        )


def _set_password(connection: Connection, role: str, password: str) -> None:
    # Only a verifier goes over the wire: the server's log and its statistics show statements as they came.
    verifier = encrypt_password(password, role, connection.connection.driver_connection, "scram-sha-256")
    cursor = connection.connection.cursor()
    cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier)))


def migrations() -> Config:
    """Tell Alembic where the migrations are."""
    config = Config()
    config.set_main_option("script_location", "mailsift.shared.db:migrations")
    return config


def _run_migrations(connection: Connection, revision: str) -> None:
    connection.exec_driver_sql(f"SET ROLE {OWNER}")
    connection.commit()
    config = migrations()
    config.attributes["connection"] = connection
    connection.exec_driver_sql(_ITS_OWN_NAME)
    current = revision_of(connection)
    connection.commit()
    if (revision == "base" and current is None) or (revision == "head" and current not in {None, *revisions()}):
        return
    down = revision == "base" or (current is not None and revision < current)
    (command.downgrade if down else command.upgrade)(config, revision)
    # Alembic's own table, which no migration makes: services look there whether they may begin.
    connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {', '.join(_SERVICES)}")
    connection.exec_driver_sql("RESET ROLE")
    connection.commit()


def revision_of(connection: Connection) -> str | None:
    """The revision that the schema is at; None where there is no schema."""
    if not connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL")):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def main() -> int:
    """Migrate the database of DATABASE_URL, or with --roles only make the roles, so that a dump can be restored.

    Role passwords come from MAILSIFT_OWNER_PASSWORD and so on.
    """
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.stderr.write("DATABASE_URL is not set: give the URL of a role that owns the schema or may create roles\n")
        return 2
    if unknown := set(sys.argv[1:]) - {"--roles"}:
        sys.stderr.write(f"{' '.join(sorted(unknown))}: only --roles may follow\n")
        return 2
    passwords = {role: os.environ[name] for role in ROLES if (name := f"{role.upper()}_PASSWORD") in os.environ}
    run = make_roles if "--roles" in sys.argv else migrate
    try:
        run(url, passwords)
    except (EncodingError, RolesError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
