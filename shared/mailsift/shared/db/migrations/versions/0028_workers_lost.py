"""How many workers fell silent over a message to a webhook, so that one which kills them ends."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a constant default touches no row."""
    op.execute('ALTER TABLE "webhookDeliveries" ADD COLUMN "workersLost" SMALLINT NOT NULL DEFAULT 0')


def downgrade() -> None:
    """Take it away again."""
    op.execute('ALTER TABLE "webhookDeliveries" DROP COLUMN "workersLost"')
