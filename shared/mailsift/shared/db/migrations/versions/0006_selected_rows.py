"""Exports of chosen rows in a chosen order, and the mail provider as part of an answer."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.execute("""
        ALTER TABLE exports ADD COLUMN options JSONB DEFAULT '{}' NOT NULL, ADD COLUMN partial BOOLEAN DEFAULT false NOT NULL;
        ALTER TABLE "advancedEmailResults" ADD COLUMN provider TEXT;
    """)


def downgrade() -> None:
    """Take them away again."""
    op.execute("""
        ALTER TABLE "advancedEmailResults" DROP COLUMN provider;
        ALTER TABLE exports DROP COLUMN options, DROP COLUMN partial;
    """)
