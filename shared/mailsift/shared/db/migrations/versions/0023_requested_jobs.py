"""Jobs by the word by which they were asked for: most have none."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.execute("""
        CREATE INDEX "ix_jobQueue_requested" ON "jobQueue" ("workspaceId", "requestedAs", "createdAt" DESC)
            WHERE "requestedAs" IS NOT NULL;
    """)


def downgrade() -> None:
    """Take it away again."""
    op.execute('DROP INDEX "ix_jobQueue_requested"')
