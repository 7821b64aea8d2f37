"""All tables of the main job, with roles' grants and row-level security from the start."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_HERE = Path(__file__).parent


def upgrade() -> None:
    """Create the tables, the grants and the policies."""
    for script in ("0001_foundation.sql", "0001_access.sql"):
        # no_parameters: a per cent sign in the script is one.
        op.get_bind().exec_driver_sql(
            (_HERE / script).read_text(encoding="utf-8"), execution_options={"no_parameters": True}
        )


def downgrade() -> None:
    """Drop everything again."""
    op.execute("DROP FUNCTION api_key_owner(bytea)")
    # One statement, because policies look across tables.
    op.execute(
        'DROP TABLE "jobEvents", "jobLogs", "jobQueue", exports, "advancedEmailResults", "advancedAnalysis",'
        ' "singleAnalysis", analyses, domains, "uploadRejectedRows", "uploadEmails", uploads, "idempotencyKeys",'
        ' "userActivities", "apiKeys", "workspaceMembers", workspaces, "userProfiles"'
    )
