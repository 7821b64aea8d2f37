from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from mailsift.shared.db import tables  # noqa: F401 - completes the metadata
from mailsift.shared.db.base import Base
from mailsift.shared.db.migrate import migrate


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
