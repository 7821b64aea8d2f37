-- A person's data is erased by the dispatcher; here stands whose, until it is done, and what was found.
CREATE TABLE erasures (
    "erasureId" UUID NOT NULL,
    "workspaceId" UUID,
    "userId" UUID,
    status TEXT DEFAULT 'pending' NOT NULL,
    addresses TEXT[],
    searches INTEGER DEFAULT 0 NOT NULL,
    place TEXT,
    position JSONB,
    "foundNow" BIGINT DEFAULT 0 NOT NULL,
    erased JSONB DEFAULT '{}' NOT NULL,
    "rowsSearched" BIGINT DEFAULT 0 NOT NULL,
    "rowsExpected" BIGINT DEFAULT 0 NOT NULL,
    "filesSearched" BIGINT DEFAULT 0 NOT NULL,
    touched UUID[] DEFAULT '{}' NOT NULL,
    "waitingFor" BIGINT DEFAULT 0 NOT NULL,
    "searchedAt" TIMESTAMP WITH TIME ZONE,
    "leaseToken" UUID,
    "leaseUntil" TIMESTAMP WITH TIME ZONE,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "completedAt" TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_erasures PRIMARY KEY ("erasureId"),
    CONSTRAINT ck_erasures_status CHECK (status IN ('pending', 'searching', 'waiting', 'completed')),
    CONSTRAINT ck_erasures_forgotten CHECK ((status = 'completed') = (addresses IS NULL)),
    CONSTRAINT "fk_erasures_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE,
    CONSTRAINT "fk_erasures_userId" FOREIGN KEY("userId") REFERENCES "userProfiles" ("userId") ON DELETE CASCADE
);
CREATE INDEX "ix_erasures_workspaceId" ON erasures ("workspaceId", "createdAt" DESC);
CREATE INDEX "ix_erasures_userId" ON erasures ("userId");
CREATE INDEX ix_erasures_open ON erasures ("createdAt") WHERE status <> 'completed';

ALTER TABLE erasures ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON erasures TO mailsift_api
    USING ("workspaceId" = (SELECT nullif(current_setting('app.workspace_id', true), '')::uuid));
GRANT SELECT, INSERT ON erasures TO mailsift_api;
GRANT SELECT, INSERT, UPDATE ON erasures TO mailsift_dispatcher;

-- To find a person it reads what the others write, and changes in it what may hold an address, and nothing else.
GRANT SELECT, UPDATE ("emailAddress", "normalizedAddress", domain, "isValidFormat", "formatError", "duplicateOf", columns)
    ON "uploadEmails" TO mailsift_dispatcher;
GRANT SELECT, UPDATE ("rawText") ON "uploadRejectedRows" TO mailsift_dispatcher;
GRANT SELECT, UPDATE (suggestion) ON "advancedEmailResults" TO mailsift_dispatcher;
GRANT UPDATE ("fileName", "sourceUrl", reading, "columnNames", detection, preview, "totalEmails", "validEmails", "duplicateEmails")
    ON uploads TO mailsift_dispatcher;
GRANT SELECT, UPDATE ON "singleAnalysis", "bulkAnalysis", "advancedAnalysis" TO mailsift_dispatcher;
GRANT SELECT, UPDATE (evidence, recommendations) ON "domainAnalysis" TO mailsift_dispatcher;
GRANT SELECT, UPDATE (facts) ON domains TO mailsift_dispatcher;
GRANT SELECT ON "verifiedEmails", outcomes TO mailsift_dispatcher;
GRANT SELECT, DELETE ON suppressions TO mailsift_dispatcher;
GRANT UPDATE ("fileName", options, writing, "expiresAt") ON exports TO mailsift_dispatcher;
GRANT UPDATE (message, metadata) ON "jobLogs" TO mailsift_dispatcher;
GRANT UPDATE (cause) ON "jobEvents" TO mailsift_dispatcher;
-- The one change that history suffers.
GRANT UPDATE ("activityDetails") ON "userActivities" TO mailsift_dispatcher;
GRANT SELECT ON "idempotencyKeys" TO mailsift_dispatcher;
GRANT UPDATE (name, options, writing) ON schedules TO mailsift_dispatcher;
GRANT UPDATE (url, description, "disabledReason") ON webhooks TO mailsift_dispatcher;
GRANT SELECT, UPDATE (email) ON "userProfiles" TO mailsift_dispatcher;
GRANT UPDATE (name) ON workspaces TO mailsift_dispatcher;
GRANT SELECT ("apiKeyId", "workspaceId", name), UPDATE (name) ON "apiKeys" TO mailsift_dispatcher;
GRANT SELECT ("guestTokenId", "workspaceId", "guestWorkspaceId", name), UPDATE (name) ON "guestTokens"
    TO mailsift_dispatcher;
GRANT SELECT ("operatorKeyId", name), UPDATE (name) ON "operatorKeys" TO mailsift_dispatcher;
GRANT UPDATE (reason) ON "pausedQueues" TO mailsift_dispatcher;
