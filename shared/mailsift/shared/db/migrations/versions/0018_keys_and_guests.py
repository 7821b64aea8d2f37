"""Keys and members by the API, and guests."""

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_SCRIPT = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Add the table, the grants and what the API may do beyond them."""
    # no_parameters: a per cent sign in the script is one.
    op.get_bind().exec_driver_sql(_SCRIPT.read_text(encoding="utf-8"), execution_options={"no_parameters": True})


def downgrade() -> None:
    """Take it away again, with what guests asked for."""
    op.execute("""
        DROP FUNCTION end_api_key(uuid, timestamptz), person_of(text, uuid), guest_of_token(bytea), use_guest_token(),
            make_guest(uuid, uuid, uuid, text, text, bytea, integer, timestamptz), end_guest_token(uuid);
        DELETE FROM workspaces WHERE "workspaceId" IN (SELECT "guestWorkspaceId" FROM "guestTokens");
        DROP TABLE "guestTokens";
        REVOKE INSERT ON "apiKeys" FROM mailsift_api;
        REVOKE INSERT, UPDATE (role), DELETE ON "workspaceMembers" FROM mailsift_api;
        REVOKE UPDATE (name) ON workspaces FROM mailsift_api;
    """)
