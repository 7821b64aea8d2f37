"""docs/security.md says what the dispatcher may do: here PostgreSQL is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

_MAY = """
    SELECT DISTINCT t.relname || '.' || a.attname FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
    WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
        AND has_column_privilege('mailsift_dispatcher', t.oid, a.attnum, :right)"""


def may(connection: Connection, right: str, *tables: str) -> set[str]:
    """Name the columns of some tables, or of all, to which it has a right."""
    named = set(connection.scalars(text(_MAY), {"right": right}))
    return {name for name in named if not tables or name.partition(".")[0] in tables}


@pytest.fixture
def connection(owner: Engine) -> Iterator[Connection]:
    with owner.connect() as connection:
        yield connection


def test_it_reads_nothing_that_opens_anything(connection: Connection) -> None:
    readable = {name.partition(".")[2] for name in may(connection, "SELECT")}
    assert readable & {"keyHash", "tokenHash", "secret", "prefix"} == set()


def test_it_makes_nobody_and_no_key(connection: Connection) -> None:
    people = ("userProfiles", "workspaces", "workspaceMembers", "apiKeys", "operatorKeys", "guestTokens", "webhooks")
    assert may(connection, "INSERT", *people) == set()


def test_of_a_row_it_changes_what_an_erasure_blanks(connection: Connection) -> None:
    wanted = {"emailAddress", "normalizedAddress", "domain", "isValidFormat", "formatError", "duplicateOf", "columns"}
    assert may(connection, "UPDATE", "uploadEmails") == {f"uploadEmails.{name}" for name in wanted}
    assert may(connection, "UPDATE", "uploadRejectedRows") == {"uploadRejectedRows.rawText"}
    assert may(connection, "UPDATE", "advancedEmailResults") == {"advancedEmailResults.suggestion"}
    assert may(connection, "UPDATE", "apiKeys", "guestTokens", "operatorKeys", "workspaces", "userProfiles") == {
        *(f"{table}.name" for table in ("apiKeys", "guestTokens", "operatorKeys", "workspaces")),
        "userProfiles.email",
    }


def test_it_changes_no_table_and_lets_nobody_in(connection: Connection) -> None:
    granted = """SELECT count(*) FROM information_schema.role_table_grants
        WHERE grantee = 'mailsift_dispatcher' AND (is_grantable = 'YES' OR privilege_type IN ('TRUNCATE', 'TRIGGER'))"""
    role = "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = 'mailsift_dispatcher'"
    schema = "SELECT has_schema_privilege('mailsift_dispatcher', 'public', 'CREATE')"
    owned = "SELECT count(*) FROM pg_tables WHERE tableowner = 'mailsift_dispatcher'"
    assert [connection.scalar(text(asked)) for asked in (granted, role, schema, owned)] == [0, False, False, 0]
