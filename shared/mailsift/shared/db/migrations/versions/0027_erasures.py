"""Erasures of a person's data, and what the dispatcher may read and change to make them."""

from pathlib import Path

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_SCRIPT = Path(__file__).with_suffix(".sql")

# To take the right to read a table away takes that to read single columns along: it is given back.
_NARROWED = """
    DROP TABLE erasures;
    REVOKE SELECT, UPDATE ON "uploadEmails", "uploadRejectedRows", "advancedEmailResults", "singleAnalysis",
        "bulkAnalysis", "advancedAnalysis", "domainAnalysis", domains, "verifiedEmails", outcomes, "idempotencyKeys",
        "userProfiles", "apiKeys", "guestTokens", "operatorKeys" FROM mailsift_dispatcher;
    REVOKE SELECT, DELETE ON suppressions FROM mailsift_dispatcher;
    REVOKE UPDATE ("fileName", "sourceUrl", reading, "columnNames", detection, preview, "totalEmails", "validEmails",
        "duplicateEmails") ON uploads FROM mailsift_dispatcher;
    REVOKE UPDATE ("fileName", options, writing, "expiresAt") ON exports FROM mailsift_dispatcher;
    REVOKE UPDATE (message, metadata) ON "jobLogs" FROM mailsift_dispatcher;
    REVOKE UPDATE (cause) ON "jobEvents" FROM mailsift_dispatcher;
    REVOKE UPDATE ("activityDetails") ON "userActivities" FROM mailsift_dispatcher;
    REVOKE UPDATE (name, options, writing) ON schedules FROM mailsift_dispatcher;
    REVOKE UPDATE (url, description, "disabledReason") ON webhooks FROM mailsift_dispatcher;
    REVOKE UPDATE (name) ON workspaces FROM mailsift_dispatcher;

    GRANT SELECT ("uploadId", "sequenceNumber") ON "uploadEmails", "uploadRejectedRows" TO mailsift_dispatcher;
    GRANT SELECT ("analysisId", "sequenceNumber") ON "advancedEmailResults" TO mailsift_dispatcher;
    GRANT SELECT ("analysisId"), UPDATE (evidence) ON "singleAnalysis" TO mailsift_dispatcher;
    GRANT SELECT (domain, resolver, "expiresAt", "claimedUntil"), UPDATE ("claimedUntil") ON domains
        TO mailsift_dispatcher;
    GRANT SELECT ("workspaceId", key, "createdAt"), UPDATE ("createdAt") ON "idempotencyKeys" TO mailsift_dispatcher;
    GRANT SELECT ("workspaceId", "emailAddress", resolver, "expiresAt"), UPDATE ("expiresAt") ON "verifiedEmails"
        TO mailsift_dispatcher;
    GRANT SELECT ("workspaceId", "normalizedAddress", "reportedAt"), UPDATE ("reportedAt") ON outcomes
        TO mailsift_dispatcher;
    GRANT SELECT ("analysisId", "expiresAt", evidence), UPDATE (evidence, recommendations) ON "domainAnalysis"
        TO mailsift_dispatcher;
"""


def upgrade() -> None:
    """Add the table, its policy and the grants."""
    # no_parameters: a per cent sign in the script is one.
    op.get_bind().exec_driver_sql(_SCRIPT.read_text(encoding="utf-8"), execution_options={"no_parameters": True})


def downgrade() -> None:
    """Take them away again."""
    op.execute(_NARROWED)
