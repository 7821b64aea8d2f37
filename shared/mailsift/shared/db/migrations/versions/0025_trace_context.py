"""Where jobs, and what webhooks are told of them, stand in a trace."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; without a default no row is touched."""
    op.execute("""
        ALTER TABLE "jobQueue" ADD COLUMN "traceContext" TEXT;
        ALTER TABLE "webhookDeliveries" ADD COLUMN "traceContext" TEXT;
    """)


def downgrade() -> None:
    """Take them away again."""
    op.execute("""
        ALTER TABLE "webhookDeliveries" DROP COLUMN "traceContext";
        ALTER TABLE "jobQueue" DROP COLUMN "traceContext";
    """)
