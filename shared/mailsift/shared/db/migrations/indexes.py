"""How long a migration may hold others up, and how it builds an index on a table that everybody goes on writing to."""

from __future__ import annotations

from typing import Final

from alembic import op

USUAL_LIMITS: Final = "SET lock_timeout = '4s'; SET statement_timeout = '60s'"
"""A migration that cannot get its lock fails and is run again, rather than queueing every reader behind it."""

_INVALID: Final = """
    DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('"{name}"') AND NOT indisvalid) THEN
            DROP INDEX "{name}";
        END IF;
    END $$"""


def build_index(name: str, on: str) -> None:
    """Build an index, `on` a table (and what of it), outside of any transaction, for as long as that takes.

    Put it into a migration of its own: whatever stands before it in the same one is committed first. A build that was
    cut off leaves an index behind that no query uses; the next try puts another in its place.
    """
    with op.get_context().autocommit_block():
        # The build waits for transactions that are open, and holds up nobody meanwhile.
        op.execute("SET lock_timeout = 0; SET statement_timeout = 0")
        op.execute(_INVALID.format(name=name))
        op.execute(f'CREATE INDEX CONCURRENTLY IF NOT EXISTS "{name}" ON {on}')
        op.execute(USUAL_LIMITS)
