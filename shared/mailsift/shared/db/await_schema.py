"""Waits until the database has the schema that a release works with (`python -m mailsift.shared.db.await_schema`)."""

from __future__ import annotations

import os
import sys
import time

from mailsift.shared.db.schema import schema_fault
from mailsift.shared.db.session import make_engine
from mailsift.shared.settings import psycopg2_url

_PATIENCE_SECONDS = 600.0
_POLL_SECONDS = 2.0


def await_schema(url: str, patience: float = _PATIENCE_SECONDS, poll: float = _POLL_SECONDS) -> bool:
    """Wait for the migrations, and for the database itself if need be, and tell whether they came in time."""
    engine = make_engine(psycopg2_url(url), "mailsift-await-schema", pool_size=1)
    deadline = time.monotonic() + patience
    told = None
    try:
        while (fault := schema_fault(engine)) is not None:
            if fault != told:
                sys.stderr.write(f"waiting: {fault}\n")
                told = fault
            if time.monotonic() >= deadline:
                return False
            time.sleep(poll)
    finally:
        engine.dispose()
    return True


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
