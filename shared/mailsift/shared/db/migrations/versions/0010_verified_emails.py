"""What is known of single addresses, kept by workspace; several of them in one analysis; how much was known before."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SCRIPT = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Add the table, the columns and the grants."""
    # no_parameters: a per cent sign in the script is one.
    op.get_bind().exec_driver_sql(_SCRIPT.read_text(encoding="utf-8"), execution_options={"no_parameters": True})


def downgrade() -> None:
    """Take them away again, with the analyses of several addresses, which only they can describe."""
    op.execute("""
        DELETE FROM analyses USING "singleAnalysis" s
            WHERE analyses."analysisId" = s."analysisId" AND s."emailAddress" IS NULL;
        DROP TABLE "verifiedEmails";
        ALTER TABLE "singleAnalysis"
            DROP CONSTRAINT "ck_singleAnalysis_one_or_several",
            ALTER COLUMN "emailAddress" SET NOT NULL,
            DROP COLUMN "emailAddresses",
            DROP COLUMN "cachedEmails";
        ALTER TABLE "advancedAnalysis" DROP COLUMN "cachedEmails";
    """)
