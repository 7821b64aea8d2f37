"""Guests whose tokens expired long ago go, with their workspaces and what they asked for."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the dispatcher delete these, and nothing else of people and workspaces."""
    op.execute("""
        CREATE OR REPLACE FUNCTION forget_guests(days integer, most integer) RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
        AS $$
            WITH old AS (
                SELECT "guestWorkspaceId", "guestUserId" FROM "guestTokens"
                WHERE "expiresAt" < now() - make_interval(days => days)
                ORDER BY "expiresAt" LIMIT most FOR UPDATE SKIP LOCKED
            ), people AS (
                DELETE FROM "userProfiles" u USING old WHERE u."userId" = old."guestUserId"
            ), places AS (
                DELETE FROM workspaces w USING old WHERE w."workspaceId" = old."guestWorkspaceId" RETURNING w."workspaceId"
            )
            SELECT count(*) FROM places;
        $$;
        REVOKE ALL ON FUNCTION forget_guests(integer, integer) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION forget_guests(integer, integer) TO mailsift_dispatcher;
    """)


def downgrade() -> None:
    """Keep them again."""
    op.execute("DROP FUNCTION forget_guests(integer, integer)")
