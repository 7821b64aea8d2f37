"""What the file of a schedule is to have besides its type."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; a schedule from before asks for the whole file, written as usual."""
    op.execute("""
        ALTER TABLE schedules ADD COLUMN options JSONB DEFAULT '{}' NOT NULL,
            ADD COLUMN writing JSONB DEFAULT '{}' NOT NULL
    """)


def downgrade() -> None:
    """Take them away again."""
    op.execute("ALTER TABLE schedules DROP COLUMN options, DROP COLUMN writing")
