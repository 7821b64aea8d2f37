"""By which word a job was asked for, by when it has to have ended, and how the jobs of a workspace are counted."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the indexes."""
    op.execute("""
        ALTER TABLE "jobQueue" ADD COLUMN "requestedAs" TEXT, ADD COLUMN "deadlineAt" TIMESTAMP WITH TIME ZONE;
        CREATE INDEX "ix_jobQueue_listed" ON "jobQueue" ("workspaceId", status, "createdAt" DESC)
            WHERE "parentJobId" IS NULL AND "deletedAt" IS NULL;
        CREATE INDEX "ix_jobQueue_finished" ON "jobQueue" ("workspaceId", status, "completedAt" DESC)
            WHERE "parentJobId" IS NULL AND "completedAt" IS NOT NULL;
        CREATE INDEX "ix_jobQueue_deadlines" ON "jobQueue" ("deadlineAt")
            WHERE "deadlineAt" IS NOT NULL AND "completedAt" IS NULL;
    """)


def downgrade() -> None:
    """Take them away again."""
    op.execute("""
        DROP INDEX "ix_jobQueue_listed", "ix_jobQueue_finished", "ix_jobQueue_deadlines";
        ALTER TABLE "jobQueue" DROP COLUMN "requestedAs", DROP COLUMN "deadlineAt";
    """)
