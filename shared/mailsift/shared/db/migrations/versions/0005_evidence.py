"""What the verdict on a single address stands on, kept with it."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, which the dispatcher empties when the answer is past its time."""
    op.execute("""
        ALTER TABLE "singleAnalysis" ADD COLUMN evidence JSONB;
        GRANT SELECT ("analysisId"), UPDATE (evidence) ON "singleAnalysis" TO mailsift_dispatcher;
    """)


def downgrade() -> None:
    """Take it away again."""
    op.execute("""
        REVOKE SELECT ("analysisId"), UPDATE (evidence) ON "singleAnalysis" FROM mailsift_dispatcher;
        ALTER TABLE "singleAnalysis" DROP COLUMN evidence;
    """)
