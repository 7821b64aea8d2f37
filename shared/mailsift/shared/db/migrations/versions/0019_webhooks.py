"""Webhooks: who is told what happens, the secrets that sign it, and each message on its way."""

from pathlib import Path

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_SCRIPT = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Add the tables, their policies and the grants."""
    # no_parameters: a per cent sign in the script is one.
    op.get_bind().exec_driver_sql(_SCRIPT.read_text(encoding="utf-8"), execution_options={"no_parameters": True})


def downgrade() -> None:
    """Take them away again."""
    op.execute('DROP TABLE "webhookDeliveries", "webhookSecrets", webhooks')
