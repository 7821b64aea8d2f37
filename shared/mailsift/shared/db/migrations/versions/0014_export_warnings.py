"""A word a day before the file of an export goes, once."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark, and let the dispatcher set it."""
    op.execute("""
        ALTER TABLE exports ADD COLUMN "expiryWarnedAt" TIMESTAMP WITH TIME ZONE;
        GRANT UPDATE ("expiryWarnedAt") ON exports TO mailsift_dispatcher;
    """)


def downgrade() -> None:
    """Take it away again."""
    op.execute('ALTER TABLE exports DROP COLUMN "expiryWarnedAt"')
