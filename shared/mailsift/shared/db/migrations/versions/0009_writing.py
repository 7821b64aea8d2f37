"""How an export is written, besides its type."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was asked for before is written as usual."""
    op.execute("ALTER TABLE exports ADD COLUMN writing JSONB DEFAULT '{}' NOT NULL")


def downgrade() -> None:
    """Take it away again."""
    op.execute("ALTER TABLE exports DROP COLUMN writing")
