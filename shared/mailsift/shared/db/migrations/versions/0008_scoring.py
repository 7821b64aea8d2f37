"""What a workspace wants weighed otherwise, and by which policy each analysis judges."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of its workspace the API changes this one only."""
    op.execute("""
        ALTER TABLE workspaces ADD COLUMN scoring JSONB;
        ALTER TABLE analyses ADD COLUMN scoring JSONB;
        GRANT UPDATE (scoring) ON workspaces TO mailsift_api;
    """)


def downgrade() -> None:
    """Take them away again."""
    op.execute("""
        REVOKE UPDATE (scoring) ON workspaces FROM mailsift_api;
        ALTER TABLE analyses DROP COLUMN scoring;
        ALTER TABLE workspaces DROP COLUMN scoring;
    """)
