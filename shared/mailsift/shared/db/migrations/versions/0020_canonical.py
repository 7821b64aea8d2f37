"""The canonical address of each answer, where it is another than the normalised one."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: an answer from before has none."""
    op.execute('ALTER TABLE "advancedEmailResults" ADD COLUMN "canonicalAddress" TEXT')


def downgrade() -> None:
    """Take it away again."""
    op.execute('ALTER TABLE "advancedEmailResults" DROP COLUMN "canonicalAddress"')
