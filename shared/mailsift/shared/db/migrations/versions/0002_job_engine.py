"""Order, chains, schedules, pauses and rate limits of jobs."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SCRIPT = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Add the columns and the tables."""
    # no_parameters: a per cent sign in the script is one.
    op.get_bind().exec_driver_sql(_SCRIPT.read_text(encoding="utf-8"), execution_options={"no_parameters": True})


def downgrade() -> None:
    """Take them away again, and put back the indexes that the first schema had."""
    op.execute("""
        REVOKE SELECT ON "workspaceMembers", workspaces, "userActivities" FROM mailsift_dispatcher;
        REVOKE INSERT ON "jobQueue", analyses, "advancedAnalysis", exports, "userActivities" FROM mailsift_dispatcher;
        DROP TABLE "rateLimits", "scheduleRuns", schedules, "pausedQueues";
        DROP INDEX "ix_jobQueue_due", "ix_jobQueue_in_flight", "ix_jobQueue_suspects", "ix_jobQueue_waiting", "ix_jobQueue_dead",
            "ix_jobQueue_ended", "ix_jobQueue_uploadId", "ix_jobQueue_analysisId", "ix_jobQueue_exportId",
            "ix_jobQueue_afterJobId", "ix_jobQueue_parent_child";
        ALTER TABLE "jobQueue" DROP COLUMN "afterJobId", DROP COLUMN "hasFollowers", DROP COLUMN "scheduledFor",
            DROP COLUMN "stepStartedItems", DROP COLUMN "turnAt", DROP COLUMN "deletedAt";
        CREATE INDEX "ix_jobQueue_due" ON "jobQueue" (queue, priority DESC, "dueAt") WHERE status = 'pending';
        CREATE INDEX "ix_jobQueue_sent" ON "jobQueue" (queue, "dispatchedAt")
            WHERE status = 'pending' AND "dispatchedAt" IS NOT NULL;
        CREATE INDEX "ix_jobQueue_uploadId" ON "jobQueue" ("uploadId");
        CREATE INDEX "ix_jobQueue_analysisId" ON "jobQueue" ("analysisId");
        CREATE INDEX "ix_jobQueue_exportId" ON "jobQueue" ("exportId");
        CREATE UNIQUE INDEX "ix_jobQueue_parent_child" ON "jobQueue" ("parentJobId", "childKey");
    """)
