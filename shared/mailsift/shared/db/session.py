"""Connections: engines with bounded waits, and transactions that see one tenant only."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, text


def make_engine(
    url: str, application_name: str, *, pool_size: int = 5, statement_timeout_seconds: float = 600
) -> Engine:
    """Build an engine whose sockets cannot hang for ever; it connects at first use, not now."""
    return create_engine(
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
            "options": f"-c statement_timeout={int(statement_timeout_seconds * 1000)} -c timezone=UTC",
        },
    )


@contextmanager
def tenant_transaction(engine: Engine, workspace_id: uuid.UUID) -> Iterator[Connection]:
    """Open a transaction in which row-level security shows the rows of one workspace."""
    with engine.begin() as connection:
        connection.execute(
            text("SELECT set_config('app.workspace_id', :workspace_id, true)"), {"workspace_id": str(workspace_id)}
        )
        yield connection
