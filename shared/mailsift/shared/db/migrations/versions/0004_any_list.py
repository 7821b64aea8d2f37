"""Lists of any shape: several e-mail columns, what a reading stands on, previews, other sources, suppressed addresses."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SCRIPT = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Add the columns, the table and the grants."""
    # no_parameters: a per cent sign in the script is one.
    op.get_bind().exec_driver_sql(_SCRIPT.read_text(encoding="utf-8"), execution_options={"no_parameters": True})


def downgrade() -> None:
    """Take them away again, with the uploads that only they can describe: previews, and what was never fetched."""
    op.execute("""
        DELETE FROM uploads WHERE status = 'preview' OR "storageKey" IS NULL OR sha256 IS NULL OR "fileSize" IS NULL;
        REVOKE DELETE ON uploads FROM mailsift_dispatcher;
        DROP TABLE suppressions;
        ALTER TABLE exports DROP COLUMN "suppressedRows";
        DROP INDEX ix_uploads_previews;
        ALTER TABLE uploads
            DROP CONSTRAINT ck_uploads_status,
            ADD CONSTRAINT ck_uploads_status
                CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
            ALTER COLUMN "storageKey" SET NOT NULL,
            ALTER COLUMN sha256 SET NOT NULL,
            ALTER COLUMN "fileSize" SET NOT NULL,
            DROP COLUMN source, DROP COLUMN "sourceUrl", DROP COLUMN reading, DROP COLUMN "emailColumns",
            DROP COLUMN detection, DROP COLUMN preview, DROP COLUMN warnings, DROP COLUMN "suppressedEmails";
    """)
