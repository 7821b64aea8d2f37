"""Connections: engines with bounded waits, and transactions that see one tenant only."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from psycopg2.errorcodes import LOCK_NOT_AVAILABLE
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from mailsift.shared.db import idleness, pools

_TENANT: Final = "tenant"
_ALONE: Final = "alone"
_AUTOCOMMITS: Final = "autocommits"
_READING: Final = "SELECT set_config('app.workspace_id', '{}', true), set_config('transaction_read_only', 'on', true)"


def make_engine(  # noqa: PLR0913 - the limits of a connection
    url: str,
    application_name: str,
    *,
    pool_size: int = 5,
    statement_timeout_seconds: float = 600,
    idle_in_transaction_seconds: float = 60,
    lock_timeout_seconds: float = 0,
    trusted_seconds: float = 0,
) -> Engine:
    """Build an engine whose sockets cannot hang for ever; it connects at first use, not now.

    A process that is stopped in the middle of a transaction holds its locks for `idle_in_transaction_seconds` at most;
    no statement waits for a lock for more than `lock_timeout_seconds`, unless that is 0. A connection is asked whether
    it is still there before it is used again, but not within `trusted_seconds` of its last use.
    """
    limits = {
        "statement_timeout": statement_timeout_seconds,
        "idle_in_transaction_session_timeout": idle_in_transaction_seconds,
        "lock_timeout": lock_timeout_seconds,
    }
    # To compile a statement costs half a second, and pays for none of ours.
    settings = {name: str(int(seconds * 1000)) for name, seconds in limits.items()} | {"timezone": "UTC", "jit": "off"}
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        pool_pre_ping=not trusted_seconds,
        pool_recycle=1800,
        skip_autocommit_rollback=True,
        # What is bound to a statement is the users' data, and belongs in no log.
        hide_parameters=True,
        connect_args={
            "application_name": application_name,
            "connect_timeout": 10,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            # Half-open connections: unacknowledged data ends the connection instead of blocking a COPY for ever.
            "tcp_user_timeout": 60_000,
        },
    )
    event.listen(engine, "begin", _set_mode)
    event.listen(engine, "connect", partial(_begin_session, settings))
    event.listen(engine, "before_cursor_execute", _as_tenant, retval=True)
    if trusted_seconds:
        idleness.ping(engine, trusted_seconds)
    pools.show(application_name, engine)
    return engine


def _begin_session(settings: Mapping[str, str], connection: Any, _record: object) -> None:
    # Not among what a connection is made with: a pooler in between refuses that, or passes it over.
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
    connection.autocommit = False


def is_locked(error: DBAPIError) -> bool:
    """Tell whether a statement gave up waiting for a lock that somebody else holds."""
    return getattr(error.orig, "pgcode", None) == LOCK_NOT_AVAILABLE


@contextmanager
def by_itself(connection: Connection) -> Iterator[None]:
    """Let each statement be a transaction by itself: no round trips to begin and to commit one.

    Raises InvalidRequestError within a transaction, which would be undone.
    """
    if connection.in_transaction():
        raise InvalidRequestError("a transaction is open")
    # Not in its `info`: when it breaks, another thread may have that already, with the place in the pool.
    connection.execution_options(**{_ALONE: True})
    try:
        yield
    finally:
        connection.execution_options(**{_ALONE: False})
        # There is nothing to undo; what begins next may be a transaction of the other kind.
        connection.rollback()


@contextmanager
def single_statements(engine: Engine) -> Iterator[Connection]:
    """Open a connection on which each statement is a transaction by itself."""
    with engine.connect() as connection:
        yield connection.execution_options(**{_ALONE: True})


@contextmanager
def operator_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction of the API in which it sees jobs and people of all tenants, and none of their lists."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE mailsift_operator")
        yield connection


@contextmanager
def tenant_transaction(engine: Engine, workspace_id: uuid.UUID) -> Iterator[Connection]:
    """Open a transaction in which row-level security shows the rows of one workspace."""
    with engine.begin() as connection:
        connection.execute(
            text("SELECT set_config('app.workspace_id', :workspace_id, true)"), {"workspace_id": str(workspace_id)}
        )
        yield connection


@contextmanager
def tenant_reading(engine: Engine, workspace_id: uuid.UUID) -> Iterator[Connection]:
    """Open a connection that only reads, where row-level security shows each statement the rows of one workspace.

    Each is a transaction by itself, sent along with the word that says for whom: one turn with the server in place of
    four. A transaction around several would show them no more, for each sees what was committed before it anyhow.
    But what is set or locked for a transaction ends with the statement: who needs that opens one.
    """
    with engine.connect() as connection:
        yield connection.execution_options(**{_ALONE: True, _TENANT: workspace_id})


def _set_mode(connection: Connection) -> None:
    # Only where the last use of the connection was of the other kind: with many threads each change costs a turn.
    alone = connection.get_execution_options().get(_ALONE, False)
    if connection.info.get(_AUTOCOMMITS, False) is not alone:
        driver: Any = connection.connection.driver_connection
        driver.autocommit = alone
        connection.info[_AUTOCOMMITS] = alone


def _as_tenant(
    _connection: Connection, _cursor: Any, statement: str, parameters: Any, context: Any, _many: object
) -> tuple[str, Any]:
    # PostgreSQL runs what comes in one message as one transaction, of which it answers the last statement.
    workspace_id = context.execution_options.get(_TENANT)
    if workspace_id is not None:
        statement = f"{_READING.format(workspace_id)}; {statement}"
    return statement, parameters
