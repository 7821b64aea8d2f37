"""Waits until the database has the schema that a release works with (`python -m mailsift.shared.db.await_schema`)."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection

from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from mailsift.shared.db.migrate import migrations
from mailsift.shared.db.session import make_engine
from mailsift.shared.settings import psycopg2_url

_PATIENCE_SECONDS = 600.0
_POLL_SECONDS = 2.0


def is_reached(found: str | None, head: str, known: Collection[str]) -> bool:
    """Tell whether the revision that a database is at will do.

    One that this release does not know comes from a newer one, whose migrations leave this one its columns.
    """
    return found is not None and (found == head or found not in known)


def await_schema(url: str, patience: float = _PATIENCE_SECONDS, poll: float = _POLL_SECONDS) -> bool:
    """Wait for the migrations, and for the database itself if need be, and tell whether they came in time."""
    script = ScriptDirectory.from_config(migrations())
    head = str(script.get_current_head())
    known = {revision.revision for revision in script.walk_revisions()}
    engine = make_engine(psycopg2_url(url), "mailsift-await-schema", pool_size=1)
    deadline = time.monotonic() + patience
    told: str | None = ""
    try:
        while not is_reached(found := _revision(engine), head, known):
            if found != told:
                sys.stderr.write(f"waiting for the migrations to reach {head}: the database is at {found or 'none'}\n")
                told = found
            if time.monotonic() >= deadline:
                return False
            time.sleep(poll)
    finally:
        engine.dispose()
    return True


def _revision(engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            # It has one column, which is named as db/base.py names columns.
            found: str | None = connection.scalar(text("SELECT * FROM alembic_version"))
            return found
    except SQLAlchemyError as error:
        sys.stderr.write(f"{str(error.__cause__ or error).strip()}\n")
        return None


def main() -> int:
    """Wait for the database of DATABASE_URL; ends with 1 when its migrations do not come."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.stderr.write("DATABASE_URL is not set: give the URL that the service has\n")
        return 2
    if not await_schema(url):
        sys.stderr.write("the migrations did not come: look at the Job mailsift-migrate\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
