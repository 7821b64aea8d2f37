"""Guests' tokens in the order in which they expire."""

from alembic import op

from mailsift.shared.db.migrations.indexes import build_index

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index by which those that expired long ago are found."""
    build_index("ix_guestTokens_expiresAt", '"guestTokens" ("expiresAt")')


def downgrade() -> None:
    """Take it away again."""
    op.execute('DROP INDEX "ix_guestTokens_expiresAt"')
