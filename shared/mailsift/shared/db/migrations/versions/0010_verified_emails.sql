-- What was found about an address, for the workspace that asked: no other learns that it did.
CREATE TABLE "verifiedEmails" (
    "workspaceId" UUID NOT NULL,
    "emailAddress" TEXT NOT NULL,
    resolver TEXT NOT NULL,
    facts JSONB NOT NULL,
    "verifiedAt" TIMESTAMP WITH TIME ZONE NOT NULL,
    "expiresAt" TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT "pk_verifiedEmails" PRIMARY KEY ("workspaceId", "emailAddress", resolver),
    CONSTRAINT "fk_verifiedEmails_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE
);
CREATE INDEX "ix_verifiedEmails_expiresAt" ON "verifiedEmails" ("expiresAt");

ALTER TABLE "verifiedEmails" ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON "verifiedEmails" TO mailsift_api
    USING ("workspaceId" = (SELECT nullif(current_setting('app.workspace_id', true), '')::uuid));
GRANT SELECT ON "verifiedEmails" TO mailsift_api;
GRANT SELECT, INSERT, UPDATE ON "verifiedEmails" TO mailsift_worker;
GRANT SELECT ("workspaceId", "emailAddress", resolver, "expiresAt"), UPDATE ("expiresAt"), DELETE ON "verifiedEmails"
    TO mailsift_dispatcher;

-- One address, or several that were asked about together.
ALTER TABLE "singleAnalysis"
    ALTER COLUMN "emailAddress" DROP NOT NULL,
    ADD COLUMN "emailAddresses" TEXT[],
    ADD COLUMN "cachedEmails" BIGINT DEFAULT 0 NOT NULL,
    ADD CONSTRAINT "ck_singleAnalysis_one_or_several" CHECK (num_nonnulls("emailAddress", "emailAddresses") = 1);
ALTER TABLE "advancedAnalysis" ADD COLUMN "cachedEmails" BIGINT DEFAULT 0 NOT NULL;
