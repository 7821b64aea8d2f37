"""Analyses of one domain: a summary, and what was found, which is kept for a day."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, its policy and its grants."""
    op.execute("""
        CREATE TABLE "domainAnalysis" (
            "analysisId" UUID NOT NULL,
            domain TEXT NOT NULL,
            status TEXT,
            "subStatus" TEXT,
            "riskLevel" TEXT,
            "deliverabilityScore" SMALLINT,
            reasons TEXT[],
            "scoreBreakdown" JSONB,
            "scoreVersion" SMALLINT,
            "isRealData" BOOLEAN,
            "isCached" BOOLEAN,
            steps JSONB,
            recommendations JSONB,
            evidence JSONB,
            "expiresAt" TIMESTAMP WITH TIME ZONE,
            CONSTRAINT "pk_domainAnalysis" PRIMARY KEY ("analysisId"),
            CONSTRAINT "fk_domainAnalysis_analysisId"
                FOREIGN KEY("analysisId") REFERENCES analyses ("analysisId") ON DELETE CASCADE
        );
        CREATE INDEX "ix_domainAnalysis_expiring" ON "domainAnalysis" ("expiresAt") WHERE evidence IS NOT NULL;
        ALTER TABLE "domainAnalysis" ENABLE ROW LEVEL SECURITY;
        CREATE POLICY tenant ON "domainAnalysis" TO mailsift_api
            USING (EXISTS (SELECT FROM analyses AS parent WHERE parent."analysisId" = "domainAnalysis"."analysisId"));
        GRANT SELECT, INSERT ON "domainAnalysis" TO mailsift_api;
        GRANT SELECT, UPDATE ON "domainAnalysis" TO mailsift_worker;
        GRANT SELECT ("analysisId", "expiresAt", evidence), UPDATE (evidence, recommendations) ON "domainAnalysis"
            TO mailsift_dispatcher;
    """)


def downgrade() -> None:
    """Take it away again, with the analyses that only it can describe."""
    op.execute("""
        DELETE FROM analyses WHERE "analysisType" = 'domain';
        DROP TABLE "domainAnalysis";
    """)
