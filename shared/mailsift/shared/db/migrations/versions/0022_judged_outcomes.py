"""The latest verdict on each address of which the outcome is known, kept beside it."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: those that are there are told at the next look."""
    op.execute("""
        ALTER TABLE outcomes
            ADD COLUMN "deliverabilityScore" SMALLINT,
            ADD COLUMN "leadStatus" TEXT,
            ADD COLUMN "judgedAt" TIMESTAMP WITH TIME ZONE;
        CREATE INDEX ix_outcomes_new ON outcomes ("workspaceId", "normalizedAddress") WHERE "judgedAt" IS NULL;
        GRANT UPDATE ("deliverabilityScore", "leadStatus", "judgedAt") ON outcomes TO mailsift_api;
        GRANT SELECT, UPDATE ("deliverabilityScore", "leadStatus", "judgedAt") ON outcomes TO mailsift_worker;
    """)


def downgrade() -> None:
    """Take them away again."""
    op.execute("""
        REVOKE SELECT, UPDATE ("deliverabilityScore", "leadStatus", "judgedAt") ON outcomes FROM mailsift_worker;
        DROP INDEX ix_outcomes_new;
        ALTER TABLE outcomes
            DROP COLUMN "deliverabilityScore",
            DROP COLUMN "leadStatus",
            DROP COLUMN "judgedAt";
    """)
