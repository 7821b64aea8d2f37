-- A list may come from elsewhere than the request: until it has been fetched nothing is known of its bytes.
ALTER TABLE uploads
    ALTER COLUMN "storageKey" DROP NOT NULL,
    ALTER COLUMN sha256 DROP NOT NULL,
    ALTER COLUMN "fileSize" DROP NOT NULL,
    ADD COLUMN source TEXT DEFAULT 'file' NOT NULL,
    ADD COLUMN "sourceUrl" TEXT,
    ADD COLUMN reading JSONB DEFAULT '{}' NOT NULL,
    ADD COLUMN "emailColumns" INTEGER[],
    ADD COLUMN detection JSONB,
    ADD COLUMN preview JSONB,
    ADD COLUMN warnings TEXT[] DEFAULT '{}' NOT NULL,
    ADD COLUMN "suppressedEmails" BIGINT DEFAULT 0 NOT NULL,
    ADD CONSTRAINT ck_uploads_source CHECK (source IN ('file', 'addresses', 'url', 'object')),
    DROP CONSTRAINT ck_uploads_status,
    ADD CONSTRAINT ck_uploads_status
        CHECK (status IN ('preview', 'pending', 'processing', 'completed', 'failed', 'cancelled'));
UPDATE uploads SET "emailColumns" = ARRAY["emailColumn"] WHERE "emailColumn" IS NOT NULL;

CREATE INDEX ix_uploads_previews ON uploads ("createdAt") WHERE status = 'preview';

-- Addresses, and domains with all that is below them, which a workspace wants neither analysed nor exported.
CREATE TABLE suppressions (
    "suppressionId" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    reason TEXT,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_suppressions PRIMARY KEY ("suppressionId"),
    CONSTRAINT "uq_suppressions_workspaceId_kind_value" UNIQUE ("workspaceId", kind, value),
    CONSTRAINT ck_suppressions_kind CHECK (kind IN ('address', 'domain')),
    CONSTRAINT "fk_suppressions_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE
);
CREATE INDEX "ix_suppressions_workspaceId" ON suppressions ("workspaceId", "createdAt" DESC, "suppressionId" DESC);
ALTER TABLE exports ADD COLUMN "suppressedRows" BIGINT DEFAULT 0 NOT NULL;

ALTER TABLE suppressions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON suppressions TO mailsift_api
    USING ("workspaceId" = (SELECT nullif(current_setting('app.workspace_id', true), '')::uuid));
GRANT SELECT, INSERT, DELETE ON suppressions TO mailsift_api;
GRANT SELECT ON suppressions TO mailsift_worker;

-- A preview that nobody started goes, row and all.
GRANT DELETE ON uploads TO mailsift_dispatcher;
