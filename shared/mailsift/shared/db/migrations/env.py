"""Runs the migrations on the connection that migrate.py hands over."""

from __future__ import annotations

from alembic import context

from mailsift.shared.db import tables  # noqa: F401 - completes the metadata
from mailsift.shared.db.base import Base
from mailsift.shared.db.migrations.indexes import USUAL_LIMITS

connection = context.config.attributes["connection"]
connection.exec_driver_sql(USUAL_LIMITS)
connection.commit()
context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
