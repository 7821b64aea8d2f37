"""Keys of kind `test`, and the sandbox that they open: a workspace of its own beside the one that they belong to."""

from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, let look-ups lead a test key into the sandbox, and let the API open one."""
    _run("0024_sandbox.sql")


def downgrade() -> None:
    """Take them away again, with all sandboxes and test keys."""
    op.execute("""
        DROP FUNCTION open_sandbox(uuid, uuid);
        DELETE FROM "apiKeys" WHERE kind = 'test';
        DELETE FROM workspaces WHERE "sandboxOf" IS NOT NULL;
    """)
    _run("0024_without_sandbox.sql")
    op.execute("""
        ALTER TABLE "apiKeys" DROP COLUMN kind;
        ALTER TABLE workspaces DROP COLUMN "sandboxOf";
    """)


def _run(script: str) -> None:
    statements = Path(__file__).with_name(script).read_text(encoding="utf-8")
    # no_parameters: a per cent sign in the script is one.
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
