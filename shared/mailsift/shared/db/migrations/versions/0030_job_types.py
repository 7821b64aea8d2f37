"""Whole jobs of a type, the newest first: a rare type was looked for among all of them."""

from alembic import op

from mailsift.shared.db.migrations.indexes import build_index

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index, of columns that no move of a job changes."""
    build_index(
        "ix_jobQueue_of_type",
        """"jobQueue" ("workspaceId", "jobType", "createdAt" DESC) WHERE "parentJobId" IS NULL AND "deletedAt" IS NULL""",
    )


def downgrade() -> None:
    """Take it away again."""
    op.execute('DROP INDEX "ix_jobQueue_of_type"')
