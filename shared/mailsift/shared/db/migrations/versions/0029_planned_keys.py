"""The look-up of a key, planned once by each connection."""

from pathlib import Path

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Write the function in PL/pgSQL."""
    _run("0029_planned_keys.sql")


def downgrade() -> None:
    """Write it in SQL again."""
    _run("0029_unplanned_keys.sql")


def _run(script: str) -> None:
    op.execute(Path(__file__).with_name(script).read_text(encoding="utf-8"))
