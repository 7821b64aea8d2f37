"""An erasure says when more addresses lead to a mailbox than it takes up."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark."""
    op.execute('ALTER TABLE erasures ADD COLUMN "moreMailboxes" BOOLEAN DEFAULT false NOT NULL')


def downgrade() -> None:
    """Take it away again."""
    op.execute('ALTER TABLE erasures DROP COLUMN "moreMailboxes"')
