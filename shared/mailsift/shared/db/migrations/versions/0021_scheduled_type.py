"""What each analysis of a schedule looks at."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: the schedules that are there go on as they did."""
    op.execute("""
        ALTER TABLE schedules
            ADD COLUMN "analysisType" TEXT DEFAULT 'advanced' NOT NULL,
            ADD CONSTRAINT "ck_schedules_analysis_type" CHECK ("analysisType" IN ('bulk', 'advanced'));
        GRANT INSERT ON "bulkAnalysis" TO mailsift_dispatcher;
    """)


def downgrade() -> None:
    """Take it away again."""
    op.execute("""
        REVOKE INSERT ON "bulkAnalysis" FROM mailsift_dispatcher;
        ALTER TABLE schedules DROP COLUMN "analysisType";
    """)
