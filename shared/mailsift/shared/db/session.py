"""Connections: engines with bounded waits, and transactions that see one tenant only."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2.errorcodes import LOCK_NOT_AVAILABLE
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from mailsift.shared.db import pools


def make_engine(  # noqa: PLR0913 - the limits of a connection
    url: str,
    application_name: str,
    *,
    pool_size: int = 5,
    statement_timeout_seconds: float = 600,
    idle_in_transaction_seconds: float = 60,
    lock_timeout_seconds: float = 0,
) -> Engine:
    """Build an engine whose sockets cannot hang for ever; it connects at first use, not now.

    A process that is stopped in the middle of a transaction holds its locks for `idle_in_transaction_seconds` at most;
    no statement waits for a lock for more than `lock_timeout_seconds`, unless that is 0.
    """
    limits = {
        "statement_timeout": statement_timeout_seconds,
        "idle_in_transaction_session_timeout": idle_in_transaction_seconds,
        "lock_timeout": lock_timeout_seconds,
    }
    options = " ".join(f"-c {name}={int(seconds * 1000)}" for name, seconds in limits.items())
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        pool_pre_ping=True,
        pool_recycle=1800,
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
            # To compile a statement costs half a second, and pays for none of ours.
            "options": f"{options} -c timezone=UTC -c jit=off",
        },
    )
    pools.show(application_name, engine)
    return engine


def is_locked(error: DBAPIError) -> bool:
    """Tell whether a statement gave up waiting for a lock that somebody else holds."""
    return getattr(error.orig, "pgcode", None) == LOCK_NOT_AVAILABLE


@contextmanager
def by_itself(connection: Connection) -> Iterator[None]:
    """Let each statement be a transaction by itself: no round trips to begin and to commit one."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise InvalidRequestError("the connection is detached")
    driver.autocommit = True
    try:
        yield
        connection.commit()
    finally:
        if not driver.closed:
            driver.autocommit = False


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
