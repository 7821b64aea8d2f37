"""Keys of operators, a role for what they do, and what the API knows of a key."""

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_SEEN = (
    "workspaces",
    "workspaceMembers",
    "userProfiles",
    "apiKeys",
    "uploads",
    "analyses",
    "exports",
    "userActivities",
    "jobQueue",
    "jobEvents",
    "jobLogs",
)
_SCRIPT = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Add the table, the policies of the operators' role, and the look-ups."""
    # no_parameters: a per cent sign in the script is one.
    op.get_bind().exec_driver_sql(_SCRIPT.read_text(encoding="utf-8"), execution_options={"no_parameters": True})


def downgrade() -> None:
    """Take them away again, with what operators did; look-ups that say more than an older release reads may stay."""
    for name in _SEEN:
        op.execute(f'DROP POLICY operator ON "{name}"')
        op.execute(f'REVOKE ALL ON "{name}" FROM mailsift_operator')
    op.execute("""
        REVOKE ALL ON "pausedQueues" FROM mailsift_operator;
        REVOKE ALL ON SCHEMA public FROM mailsift_operator;
        DROP FUNCTION operator_of_key(bytea);
        DELETE FROM "userActivities" WHERE "operatorKeyId" IS NOT NULL;
        ALTER TABLE "userActivities"
            DROP COLUMN "operatorKeyId",
            ALTER COLUMN "workspaceId" SET NOT NULL,
            ALTER COLUMN "userId" SET NOT NULL;
        DROP TABLE "operatorKeys";
    """)
