"""Runs the migrations on the connection that migrate.py hands over."""

from __future__ import annotations

from alembic import context

from mailsift.shared.db import tables  # noqa: F401 - completes the metadata
from mailsift.shared.db.base import Base

connection = context.config.attributes["connection"]
# A migration that cannot get its lock fails and is run again, rather than queueing every reader behind it.
connection.exec_driver_sql("SET lock_timeout = '4s'")
connection.exec_driver_sql("SET statement_timeout = '60s'")
connection.commit()
context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
