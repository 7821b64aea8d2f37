"""Bulk analyses: lists of which only the hygiene is looked at, so that their answers tell nothing of leads."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_COUNTERS = (
    "totalEmails",
    "processedEmails",
    "totalDomains",
    "cachedDomains",
    "cachedEmails",
    "validEmails",
    "riskyEmails",
    "invalidEmails",
    "unknownEmails",
    "lowRiskEmails",
    "mediumRiskEmails",
    "highRiskEmails",
    "unknownRiskEmails",
    "corporateEmails",
    "freeEmails",
    "disposableEmails",
    "relayEmails",
    "roleBasedEmails",
)


def upgrade() -> None:
    """Add the table, its policy and its grants."""
    counters = ", ".join(f'"{name}" BIGINT DEFAULT 0 NOT NULL' for name in _COUNTERS)
    op.execute(f"""
        CREATE TABLE "bulkAnalysis" (
            "analysisId" UUID NOT NULL,
            {counters},
            CONSTRAINT "pk_bulkAnalysis" PRIMARY KEY ("analysisId"),
            CONSTRAINT "fk_bulkAnalysis_analysisId"
                FOREIGN KEY("analysisId") REFERENCES analyses ("analysisId") ON DELETE CASCADE
        ) WITH (fillfactor = 50);
        ALTER TABLE "bulkAnalysis" ENABLE ROW LEVEL SECURITY;
        CREATE POLICY tenant ON "bulkAnalysis" TO mailsift_api
            USING (EXISTS (SELECT FROM analyses AS parent WHERE parent."analysisId" = "bulkAnalysis"."analysisId"));
        GRANT SELECT, INSERT, UPDATE ON "bulkAnalysis" TO mailsift_api;
        GRANT SELECT, UPDATE ON "bulkAnalysis" TO mailsift_worker;
        ALTER TABLE "advancedEmailResults" ALTER COLUMN "leadStatus" DROP NOT NULL;
    """)


def downgrade() -> None:
    """Take it away again, with the analyses that only it can describe."""
    op.execute("""
        DELETE FROM "advancedEmailResults" WHERE "leadStatus" IS NULL;
        ALTER TABLE "advancedEmailResults" ALTER COLUMN "leadStatus" SET NOT NULL;
        DELETE FROM analyses WHERE "analysisType" = 'bulk';
        DROP TABLE "bulkAnalysis";
    """)
