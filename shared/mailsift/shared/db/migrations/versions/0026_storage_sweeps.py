"""How often the storage was walked through, so that a restored database or a copy of one takes no file for its own."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and its one row."""
    op.execute("""
        CREATE TABLE "storageSweeps" (
            "deploymentId" UUID DEFAULT gen_random_uuid() NOT NULL,
            walks BIGINT DEFAULT 0 NOT NULL,
            CONSTRAINT "pk_storageSweeps" PRIMARY KEY ("deploymentId")
        );
        INSERT INTO "storageSweeps" DEFAULT VALUES;
        GRANT SELECT, UPDATE ON "storageSweeps" TO mailsift_dispatcher;
    """)


def downgrade() -> None:
    """Take it away again."""
    op.execute('DROP TABLE "storageSweeps"')
