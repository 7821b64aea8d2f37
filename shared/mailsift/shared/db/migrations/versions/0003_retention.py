"""What was cleared away of a list, a file or an answer, and how to find what is due for it."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SCRIPT = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Add the columns, the indexes and the grants."""
    # no_parameters: a per cent sign in the script is one.
    op.get_bind().exec_driver_sql(_SCRIPT.read_text(encoding="utf-8"), execution_options={"no_parameters": True})


def downgrade() -> None:
    """Take them away again; indexes over a column go with it."""
    op.execute("""
        REVOKE DELETE ON "jobQueue", exports, "rateLimits", "scheduleRuns" FROM mailsift_dispatcher;
        REVOKE UPDATE (emails) ON uploads FROM mailsift_dispatcher;
        REVOKE SELECT ("uploadId", "sequenceNumber"), DELETE ON "uploadEmails", "uploadRejectedRows"
            FROM mailsift_dispatcher;
        REVOKE SELECT ("analysisId", "sequenceNumber"), DELETE ON "advancedEmailResults" FROM mailsift_dispatcher;
        REVOKE SELECT (domain, resolver, "expiresAt", "claimedUntil"), UPDATE ("claimedUntil"), DELETE ON domains
            FROM mailsift_dispatcher;
        REVOKE SELECT ("workspaceId", key, "createdAt"), UPDATE ("createdAt"), DELETE ON "idempotencyKeys"
            FROM mailsift_dispatcher;
        DROP INDEX "ix_jobQueue_deleted", "ix_domains_expiresAt", "ix_idempotencyKeys_createdAt",
            ix_exports_expiring, ix_exports_over;
        ALTER TABLE analyses DROP COLUMN "rowsExpiredAt", DROP COLUMN "rowsDeletedAt";
        ALTER TABLE uploads DROP COLUMN "fileDeletedAt", DROP COLUMN "rowsExpiredAt", DROP COLUMN "rowsDeletedAt";
    """)
