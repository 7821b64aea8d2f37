-- Quoted camelCase names, as the models have them; a test holds the two to each other.

CREATE TABLE "advancedEmailResults" (
    "analysisId" UUID NOT NULL,
    "sequenceNumber" BIGINT NOT NULL,
    "emailAddress" TEXT NOT NULL,
    "normalizedAddress" TEXT NOT NULL,
    domain TEXT,
    status TEXT NOT NULL,
    "subStatus" TEXT NOT NULL,
    "deliverabilityScore" SMALLINT NOT NULL,
    "leadStatus" TEXT NOT NULL,
    "riskLevel" TEXT NOT NULL,
    "isValidSyntax" BOOLEAN NOT NULL,
    "isCorporate" BOOLEAN NOT NULL,
    "isFree" BOOLEAN NOT NULL,
    "isDisposable" BOOLEAN NOT NULL,
    "isRelay" BOOLEAN NOT NULL,
    "isRoleBased" BOOLEAN NOT NULL,
    "domainExists" BOOLEAN,
    "acceptsMail" BOOLEAN,
    "mxHost" TEXT,
    "spfPass" BOOLEAN,
    "dkimPass" BOOLEAN,
    "dmarcPass" BOOLEAN,
    "dmarcPolicy" TEXT,
    suggestion TEXT,
    "mailboxChecked" BOOLEAN NOT NULL,
    reasons TEXT[] NOT NULL,
    "scoreBreakdown" JSONB NOT NULL,
    "scoreVersion" SMALLINT NOT NULL,
    CONSTRAINT "pk_advancedEmailResults" PRIMARY KEY ("analysisId", "sequenceNumber")
);

CREATE TABLE domains (
    domain TEXT NOT NULL,
    resolver TEXT NOT NULL,
    facts JSONB,
    "checkedAt" TIMESTAMP WITH TIME ZONE,
    "expiresAt" TIMESTAMP WITH TIME ZONE,
    "claimToken" UUID,
    "claimedUntil" TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_domains PRIMARY KEY (domain, resolver)
)
 WITH (fillfactor = 80);

CREATE TABLE "uploadEmails" (
    "uploadId" UUID NOT NULL,
    "sequenceNumber" BIGINT NOT NULL,
    "rowNumber" BIGINT NOT NULL,
    "columnIndex" SMALLINT,
    "emailAddress" TEXT,
    "normalizedAddress" TEXT,
    domain TEXT,
    "isValidFormat" BOOLEAN NOT NULL,
    "formatError" TEXT,
    "duplicateOf" BIGINT,
    columns TEXT[] NOT NULL,
    CONSTRAINT "pk_uploadEmails" PRIMARY KEY ("uploadId", "sequenceNumber")
)
 WITH (autovacuum_vacuum_insert_scale_factor = 0.2);

CREATE TABLE "uploadRejectedRows" (
    "uploadId" UUID NOT NULL,
    "sequenceNumber" BIGINT NOT NULL,
    "rowNumber" BIGINT NOT NULL,
    reason TEXT NOT NULL,
    "rawText" TEXT NOT NULL,
    CONSTRAINT "pk_uploadRejectedRows" PRIMARY KEY ("uploadId", "sequenceNumber")
);

CREATE TABLE "userProfiles" (
    "userId" UUID NOT NULL,
    email TEXT,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT "pk_userProfiles" PRIMARY KEY ("userId"),
    CONSTRAINT "uq_userProfiles_email" UNIQUE (email)
);

CREATE TABLE workspaces (
    "workspaceId" UUID NOT NULL,
    name TEXT NOT NULL,
    plan TEXT DEFAULT 'free' NOT NULL,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_workspaces PRIMARY KEY ("workspaceId")
);

CREATE TABLE "apiKeys" (
    "apiKeyId" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    "keyHash" BYTEA NOT NULL,
    scopes TEXT[] DEFAULT '{}' NOT NULL,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "expiresAt" TIMESTAMP WITH TIME ZONE,
    "lastUsedAt" TIMESTAMP WITH TIME ZONE,
    "revokedAt" TIMESTAMP WITH TIME ZONE,
    CONSTRAINT "pk_apiKeys" PRIMARY KEY ("apiKeyId"),
    CONSTRAINT "fk_apiKeys_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE,
    CONSTRAINT "fk_apiKeys_userId" FOREIGN KEY("userId") REFERENCES "userProfiles" ("userId") ON DELETE CASCADE,
    CONSTRAINT "uq_apiKeys_keyHash" UNIQUE ("keyHash")
);
CREATE INDEX "ix_apiKeys_userId" ON "apiKeys" ("userId");
CREATE INDEX "ix_apiKeys_workspaceId" ON "apiKeys" ("workspaceId");

CREATE TABLE "idempotencyKeys" (
    "workspaceId" UUID NOT NULL,
    key TEXT NOT NULL,
    "requestHash" BYTEA NOT NULL,
    response JSONB NOT NULL,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT "pk_idempotencyKeys" PRIMARY KEY ("workspaceId", key),
    CONSTRAINT "fk_idempotencyKeys_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE
);

CREATE TABLE uploads (
    "uploadId" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "fileName" TEXT NOT NULL,
    "uploadType" TEXT DEFAULT 'bulk' NOT NULL,
    "fileSize" BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    "storageKey" TEXT NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    format TEXT,
    encoding TEXT,
    delimiter TEXT,
    "hasHeader" BOOLEAN,
    "columnNames" TEXT[],
    "emailColumn" SMALLINT,
    "totalRows" BIGINT DEFAULT 0 NOT NULL,
    "totalEmails" BIGINT DEFAULT 0 NOT NULL,
    "validEmails" BIGINT DEFAULT 0 NOT NULL,
    "duplicateEmails" BIGINT DEFAULT 0 NOT NULL,
    "rejectedRows" BIGINT DEFAULT 0 NOT NULL,
    emails JSONB,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "updatedAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "startedAt" TIMESTAMP WITH TIME ZONE,
    "completedAt" TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_uploads PRIMARY KEY ("uploadId"),
    CONSTRAINT ck_uploads_status CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    CONSTRAINT "fk_uploads_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE,
    CONSTRAINT "fk_uploads_userId" FOREIGN KEY("userId") REFERENCES "userProfiles" ("userId") ON DELETE CASCADE
);
CREATE INDEX "ix_uploads_userId" ON uploads ("userId");
CREATE INDEX "ix_uploads_workspaceId" ON uploads ("workspaceId", "createdAt" DESC);

CREATE TABLE "userActivities" (
    "activityId" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "activityType" TEXT NOT NULL,
    "entityType" TEXT NOT NULL,
    "entityId" UUID NOT NULL,
    "activityDetails" JSONB DEFAULT '{}' NOT NULL,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT "pk_userActivities" PRIMARY KEY ("activityId"),
    CONSTRAINT "fk_userActivities_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE,
    CONSTRAINT "fk_userActivities_userId" FOREIGN KEY("userId") REFERENCES "userProfiles" ("userId") ON DELETE CASCADE
);
CREATE INDEX "ix_userActivities_userId" ON "userActivities" ("userId");
CREATE INDEX "ix_userActivities_workspaceId" ON "userActivities" ("workspaceId", "createdAt" DESC);

CREATE TABLE "workspaceMembers" (
    "workspaceId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    role TEXT NOT NULL,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT "pk_workspaceMembers" PRIMARY KEY ("workspaceId", "userId"),
    CONSTRAINT "ck_workspaceMembers_role" CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    CONSTRAINT "fk_workspaceMembers_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE,
    CONSTRAINT "fk_workspaceMembers_userId" FOREIGN KEY("userId") REFERENCES "userProfiles" ("userId") ON DELETE CASCADE
);
CREATE INDEX "ix_workspaceMembers_userId" ON "workspaceMembers" ("userId");

CREATE TABLE analyses (
    "analysisId" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "uploadId" UUID,
    "analysisType" TEXT NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    notices TEXT[] DEFAULT '{}' NOT NULL,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "updatedAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "startedAt" TIMESTAMP WITH TIME ZONE,
    "completedAt" TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_analyses PRIMARY KEY ("analysisId"),
    CONSTRAINT ck_analyses_status CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    CONSTRAINT "fk_analyses_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE,
    CONSTRAINT "fk_analyses_userId" FOREIGN KEY("userId") REFERENCES "userProfiles" ("userId") ON DELETE CASCADE,
    CONSTRAINT "fk_analyses_uploadId" FOREIGN KEY("uploadId") REFERENCES uploads ("uploadId") ON DELETE CASCADE
);
CREATE INDEX "ix_analyses_uploadId" ON analyses ("uploadId");
CREATE INDEX "ix_analyses_userId" ON analyses ("userId");
CREATE INDEX "ix_analyses_workspaceId" ON analyses ("workspaceId", "createdAt" DESC);

CREATE TABLE "advancedAnalysis" (
    "analysisId" UUID NOT NULL,
    "totalEmails" BIGINT DEFAULT 0 NOT NULL,
    "processedEmails" BIGINT DEFAULT 0 NOT NULL,
    "totalDomains" BIGINT DEFAULT 0 NOT NULL,
    "cachedDomains" BIGINT DEFAULT 0 NOT NULL,
    "validEmails" BIGINT DEFAULT 0 NOT NULL,
    "riskyEmails" BIGINT DEFAULT 0 NOT NULL,
    "invalidEmails" BIGINT DEFAULT 0 NOT NULL,
    "unknownEmails" BIGINT DEFAULT 0 NOT NULL,
    "highQualityLeads" BIGINT DEFAULT 0 NOT NULL,
    "mediumQualityLeads" BIGINT DEFAULT 0 NOT NULL,
    "lowQualityLeads" BIGINT DEFAULT 0 NOT NULL,
    "invalidLeads" BIGINT DEFAULT 0 NOT NULL,
    "unknownLeads" BIGINT DEFAULT 0 NOT NULL,
    "lowRiskEmails" BIGINT DEFAULT 0 NOT NULL,
    "mediumRiskEmails" BIGINT DEFAULT 0 NOT NULL,
    "highRiskEmails" BIGINT DEFAULT 0 NOT NULL,
    "unknownRiskEmails" BIGINT DEFAULT 0 NOT NULL,
    "corporateEmails" BIGINT DEFAULT 0 NOT NULL,
    "freeEmails" BIGINT DEFAULT 0 NOT NULL,
    "disposableEmails" BIGINT DEFAULT 0 NOT NULL,
    "relayEmails" BIGINT DEFAULT 0 NOT NULL,
    "roleBasedEmails" BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT "pk_advancedAnalysis" PRIMARY KEY ("analysisId"),
    CONSTRAINT "fk_advancedAnalysis_analysisId" FOREIGN KEY("analysisId") REFERENCES analyses ("analysisId") ON DELETE CASCADE
)
 WITH (fillfactor = 50);

CREATE TABLE exports (
    "exportId" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "analysisId" UUID NOT NULL,
    "fileName" TEXT NOT NULL,
    "fileType" TEXT NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "filePath" TEXT,
    "fileSize" BIGINT,
    sha256 TEXT,
    "contentType" TEXT,
    "rowCount" BIGINT,
    "downloadCount" BIGINT DEFAULT 0 NOT NULL,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "updatedAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "startedAt" TIMESTAMP WITH TIME ZONE,
    "completedAt" TIMESTAMP WITH TIME ZONE,
    "expiresAt" TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_exports PRIMARY KEY ("exportId"),
    CONSTRAINT ck_exports_status CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled', 'expired')),
    CONSTRAINT "fk_exports_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE,
    CONSTRAINT "fk_exports_userId" FOREIGN KEY("userId") REFERENCES "userProfiles" ("userId") ON DELETE CASCADE,
    CONSTRAINT "fk_exports_analysisId" FOREIGN KEY("analysisId") REFERENCES analyses ("analysisId") ON DELETE CASCADE
);
CREATE INDEX "ix_exports_analysisId" ON exports ("analysisId");
CREATE INDEX "ix_exports_userId" ON exports ("userId");
CREATE INDEX "ix_exports_workspaceId" ON exports ("workspaceId", "createdAt" DESC);

CREATE TABLE "singleAnalysis" (
    "analysisId" UUID NOT NULL,
    "emailAddress" TEXT NOT NULL,
    status TEXT,
    "leadStatus" TEXT,
    "riskLevel" TEXT,
    "deliverabilityScore" SMALLINT,
    CONSTRAINT "pk_singleAnalysis" PRIMARY KEY ("analysisId"),
    CONSTRAINT "fk_singleAnalysis_analysisId" FOREIGN KEY("analysisId") REFERENCES analyses ("analysisId") ON DELETE CASCADE
);

CREATE TABLE "jobQueue" (
    "jobId" UUID DEFAULT gen_random_uuid() NOT NULL,
    "workspaceId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "uploadId" UUID,
    "analysisId" UUID,
    "exportId" UUID,
    "parentJobId" UUID,
    "childKey" TEXT,
    "jobType" TEXT NOT NULL,
    queue TEXT NOT NULL,
    payload JSONB DEFAULT '{}' NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    priority INTEGER DEFAULT 0 NOT NULL,
    "traceId" TEXT NOT NULL,
    progress INTEGER DEFAULT 0 NOT NULL,
    "currentStep" TEXT,
    "progressFrom" SMALLINT DEFAULT 0 NOT NULL,
    "progressTo" SMALLINT DEFAULT 100 NOT NULL,
    "processedItems" BIGINT DEFAULT 0 NOT NULL,
    "totalItems" BIGINT,
    "stepStartedAt" TIMESTAMP WITH TIME ZONE,
    checkpoint JSONB,
    result JSONB,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    attempt INTEGER DEFAULT 0 NOT NULL,
    "retryCount" INTEGER DEFAULT 0 NOT NULL,
    "maxRetries" INTEGER DEFAULT 3 NOT NULL,
    "retryAfter" TIMESTAMP WITH TIME ZONE,
    "maxRuntimeSeconds" INTEGER DEFAULT 900 NOT NULL,
    "cancelRequestedAt" TIMESTAMP WITH TIME ZONE,
    "openChildren" INTEGER DEFAULT 0 NOT NULL,
    "failedChildren" INTEGER DEFAULT 0 NOT NULL,
    "failsParent" BOOLEAN DEFAULT true NOT NULL,
    "dueAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "dispatchedAt" TIMESTAMP WITH TIME ZONE,
    "dispatchToken" UUID,
    "leaseToken" UUID,
    "leaseUntil" TIMESTAMP WITH TIME ZONE,
    "backendPid" INTEGER,
    "backendStart" TIMESTAMP WITH TIME ZONE,
    "workerId" TEXT DEFAULT 'system',
    "startedAt" TIMESTAMP WITH TIME ZONE,
    "attemptStartedAt" TIMESTAMP WITH TIME ZONE,
    "heartbeatAt" TIMESTAMP WITH TIME ZONE,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "updatedAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "completedAt" TIMESTAMP WITH TIME ZONE,
    CONSTRAINT "pk_jobQueue" PRIMARY KEY ("jobId"),
    CONSTRAINT "ck_jobQueue_status" CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'dead_letter', 'cancelled')),
    CONSTRAINT "ck_jobQueue_one_fk" CHECK (num_nonnulls("uploadId", "analysisId", "exportId") = 1),
    CONSTRAINT "ck_jobQueue_priority" CHECK (priority BETWEEN 0 AND 10),
    CONSTRAINT "ck_jobQueue_progress" CHECK (progress BETWEEN 0 AND 100),
    CONSTRAINT "ck_jobQueue_open_children" CHECK ("openChildren" >= 0),
    CONSTRAINT "fk_jobQueue_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE,
    CONSTRAINT "fk_jobQueue_userId" FOREIGN KEY("userId") REFERENCES "userProfiles" ("userId") ON DELETE CASCADE,
    CONSTRAINT "fk_jobQueue_uploadId" FOREIGN KEY("uploadId") REFERENCES uploads ("uploadId") ON DELETE CASCADE,
    CONSTRAINT "fk_jobQueue_analysisId" FOREIGN KEY("analysisId") REFERENCES analyses ("analysisId") ON DELETE CASCADE,
    CONSTRAINT "fk_jobQueue_exportId" FOREIGN KEY("exportId") REFERENCES exports ("exportId") ON DELETE CASCADE,
    CONSTRAINT "fk_jobQueue_parentJobId" FOREIGN KEY("parentJobId") REFERENCES "jobQueue" ("jobId") ON DELETE CASCADE
)
 WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX "ix_jobQueue_analysisId" ON "jobQueue" ("analysisId");
CREATE INDEX "ix_jobQueue_cancelling" ON "jobQueue" ("jobId") WHERE status = 'processing' AND "cancelRequestedAt" IS NOT NULL;
CREATE INDEX "ix_jobQueue_due" ON "jobQueue" (queue, priority DESC, "dueAt") WHERE status = 'pending';
CREATE INDEX "ix_jobQueue_exportId" ON "jobQueue" ("exportId");
CREATE INDEX "ix_jobQueue_lease_token" ON "jobQueue" ("leaseToken") WHERE "leaseToken" IS NOT NULL;
CREATE INDEX "ix_jobQueue_leases" ON "jobQueue" ("leaseUntil") WHERE status = 'processing';
CREATE UNIQUE INDEX "ix_jobQueue_parent_child" ON "jobQueue" ("parentJobId", "childKey");
CREATE INDEX "ix_jobQueue_sent" ON "jobQueue" (queue, "dispatchedAt") WHERE status = 'pending' AND "dispatchedAt" IS NOT NULL;
CREATE INDEX "ix_jobQueue_uploadId" ON "jobQueue" ("uploadId");
CREATE INDEX "ix_jobQueue_userId" ON "jobQueue" ("userId");
CREATE INDEX "ix_jobQueue_workspaceId" ON "jobQueue" ("workspaceId", "createdAt" DESC);

CREATE TABLE "jobEvents" (
    "jobEventId" BIGINT GENERATED ALWAYS AS IDENTITY,
    "jobId" UUID NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    cause TEXT NOT NULL,
    "workerId" TEXT,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT "pk_jobEvents" PRIMARY KEY ("jobEventId"),
    CONSTRAINT "fk_jobEvents_jobId" FOREIGN KEY("jobId") REFERENCES "jobQueue" ("jobId") ON DELETE CASCADE
);
CREATE INDEX "ix_jobEvents_jobId_jobEventId" ON "jobEvents" ("jobId", "jobEventId");

CREATE TABLE "jobLogs" (
    "jobLogId" BIGINT GENERATED ALWAYS AS IDENTITY,
    "jobId" UUID NOT NULL,
    attempt INTEGER NOT NULL,
    level TEXT NOT NULL,
    message TEXT NOT NULL,
    metadata JSONB DEFAULT '{}' NOT NULL,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT "pk_jobLogs" PRIMARY KEY ("jobLogId"),
    CONSTRAINT "fk_jobLogs_jobId" FOREIGN KEY("jobId") REFERENCES "jobQueue" ("jobId") ON DELETE CASCADE
);
CREATE INDEX "ix_jobLogs_jobId_jobLogId" ON "jobLogs" ("jobId", "jobLogId");

-- With statistics, ANALYZE lists the ids it has seen as the only ones there are, and the next list is planned as a single
-- row until it comes round again: a nested loop over a million rows. Without, every list is planned as an average one.
ALTER TABLE "uploadEmails" ALTER COLUMN "uploadId" SET STATISTICS 0;
ALTER TABLE "uploadRejectedRows" ALTER COLUMN "uploadId" SET STATISTICS 0;
ALTER TABLE "advancedEmailResults" ALTER COLUMN "analysisId" SET STATISTICS 0;
