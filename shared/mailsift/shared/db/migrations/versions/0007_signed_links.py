"""Links to files that a key has signed."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the look-up of a key by its id, which is what a link names."""
    # Outside row-level security, as that by the key itself: the tenant is known only then.
    op.execute("""
        CREATE FUNCTION api_key_of_link(id uuid)
        RETURNS TABLE ("keyHash" bytea, "workspaceId" uuid, "userId" uuid, role text, scopes text[])
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
        AS $$
            SELECT k."keyHash", k."workspaceId", k."userId", m.role, k.scopes
            FROM "apiKeys" k
            JOIN "workspaceMembers" m ON m."workspaceId" = k."workspaceId" AND m."userId" = k."userId"
            WHERE k."apiKeyId" = id AND k."revokedAt" IS NULL AND (k."expiresAt" IS NULL OR k."expiresAt" > now());
        $$;
        REVOKE ALL ON FUNCTION api_key_of_link(uuid) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION api_key_of_link(uuid) TO mailsift_api;
    """)


def downgrade() -> None:
    """Take it away again."""
    op.execute("DROP FUNCTION api_key_of_link(uuid)")
