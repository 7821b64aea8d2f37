-- What the engine needs to order, chain, schedule, hold back and limit jobs.
ALTER TABLE "jobQueue"
    ADD COLUMN "afterJobId" UUID,
    ADD COLUMN "hasFollowers" BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN "scheduledFor" TIMESTAMP WITH TIME ZONE,
    ADD COLUMN "stepStartedItems" BIGINT DEFAULT 0 NOT NULL,
    ADD COLUMN "turnAt" TIMESTAMP WITHOUT TIME ZONE
        GENERATED ALWAYS AS (("dueAt" AT TIME ZONE 'UTC') - priority * interval '1 minute') STORED,
    ADD COLUMN "deletedAt" TIMESTAMP WITH TIME ZONE,
    ADD CONSTRAINT "fk_jobQueue_afterJobId" FOREIGN KEY("afterJobId") REFERENCES "jobQueue" ("jobId") ON DELETE SET NULL;

DROP INDEX "ix_jobQueue_due";
CREATE INDEX "ix_jobQueue_due" ON "jobQueue" (queue, "workspaceId", "turnAt")
    WHERE status = 'pending' AND "dispatchedAt" IS NULL;
DROP INDEX "ix_jobQueue_sent";
CREATE INDEX "ix_jobQueue_in_flight" ON "jobQueue" ("workspaceId", queue) WHERE "dispatchedAt" IS NOT NULL;
CREATE INDEX "ix_jobQueue_suspects" ON "jobQueue" (queue, "turnAt")
    WHERE "errorCode" = 'worker_lost' AND "retryCount" >= 2 AND status IN ('pending', 'processing');
CREATE INDEX "ix_jobQueue_waiting" ON "jobQueue" ("jobId") WHERE status = 'processing' AND "leaseToken" IS NULL;
CREATE INDEX "ix_jobQueue_dead" ON "jobQueue" ("completedAt") WHERE status = 'dead_letter';
CREATE INDEX "ix_jobQueue_ended" ON "jobQueue" ("completedAt")
    WHERE "parentJobId" IS NULL AND "completedAt" IS NOT NULL;

-- A job has one of three subjects, and seldom a parent or a predecessor: the other entries would only slow its moves.
DROP INDEX "ix_jobQueue_uploadId", "ix_jobQueue_analysisId", "ix_jobQueue_exportId", "ix_jobQueue_parent_child";
CREATE INDEX "ix_jobQueue_uploadId" ON "jobQueue" ("uploadId") WHERE "uploadId" IS NOT NULL;
CREATE INDEX "ix_jobQueue_analysisId" ON "jobQueue" ("analysisId") WHERE "analysisId" IS NOT NULL;
CREATE INDEX "ix_jobQueue_exportId" ON "jobQueue" ("exportId") WHERE "exportId" IS NOT NULL;
CREATE INDEX "ix_jobQueue_afterJobId" ON "jobQueue" ("afterJobId") WHERE "afterJobId" IS NOT NULL;
CREATE UNIQUE INDEX "ix_jobQueue_parent_child" ON "jobQueue" ("parentJobId", "childKey")
    WHERE "parentJobId" IS NOT NULL;

CREATE TABLE "pausedQueues" (
    queue TEXT NOT NULL,
    reason TEXT,
    "pausedAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT "pk_pausedQueues" PRIMARY KEY (queue)
);

CREATE TABLE schedules (
    "scheduleId" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    name TEXT NOT NULL,
    cron TEXT NOT NULL,
    timezone TEXT DEFAULT 'UTC' NOT NULL,
    "uploadId" UUID NOT NULL,
    "fileType" TEXT,
    enabled BOOLEAN DEFAULT true NOT NULL,
    "nextDueAt" TIMESTAMP WITH TIME ZONE,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "updatedAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_schedules PRIMARY KEY ("scheduleId"),
    CONSTRAINT "fk_schedules_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE,
    CONSTRAINT "fk_schedules_userId" FOREIGN KEY("userId") REFERENCES "userProfiles" ("userId") ON DELETE CASCADE,
    CONSTRAINT "fk_schedules_uploadId" FOREIGN KEY("uploadId") REFERENCES uploads ("uploadId") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "ix_schedules_workspaceId_name" ON schedules ("workspaceId", name);
CREATE INDEX "ix_schedules_userId" ON schedules ("userId");
CREATE INDEX "ix_schedules_uploadId" ON schedules ("uploadId");
CREATE INDEX "ix_schedules_next" ON schedules ("nextDueAt") WHERE enabled;

CREATE TABLE "scheduleRuns" (
    "scheduleId" UUID NOT NULL,
    "dueAt" TIMESTAMP WITH TIME ZONE NOT NULL,
    "jobId" UUID,
    "analysisId" UUID,
    "errorCode" TEXT,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT "pk_scheduleRuns" PRIMARY KEY ("scheduleId", "dueAt"),
    CONSTRAINT "fk_scheduleRuns_scheduleId" FOREIGN KEY("scheduleId") REFERENCES schedules ("scheduleId") ON DELETE CASCADE,
    CONSTRAINT "fk_scheduleRuns_jobId" FOREIGN KEY("jobId") REFERENCES "jobQueue" ("jobId") ON DELETE SET NULL,
    CONSTRAINT "fk_scheduleRuns_analysisId" FOREIGN KEY("analysisId") REFERENCES analyses ("analysisId") ON DELETE SET NULL
);
CREATE INDEX "ix_scheduleRuns_jobId" ON "scheduleRuns" ("jobId");
CREATE INDEX "ix_scheduleRuns_analysisId" ON "scheduleRuns" ("analysisId");

CREATE TABLE "rateLimits" (
    key TEXT NOT NULL,
    "workspaceId" UUID NOT NULL,
    tokens DOUBLE PRECISION NOT NULL,
    capacity DOUBLE PRECISION NOT NULL,
    "refillPerSecond" DOUBLE PRECISION NOT NULL,
    "updatedAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "waitSeconds" DOUBLE PRECISION DEFAULT 0 NOT NULL,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT "pk_rateLimits" PRIMARY KEY (key),
    CONSTRAINT "fk_rateLimits_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE
)
 WITH (fillfactor = 50);
CREATE INDEX "ix_rateLimits_workspaceId" ON "rateLimits" ("workspaceId");

GRANT SELECT ON "pausedQueues", "scheduleRuns" TO mailsift_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON schedules TO mailsift_api;
GRANT SELECT, INSERT, UPDATE ON "rateLimits" TO mailsift_api;

GRANT SELECT ON "pausedQueues" TO mailsift_worker;
GRANT SELECT, INSERT, UPDATE ON "rateLimits" TO mailsift_worker;

-- The dispatcher fires schedules, which makes analyses, exports and their jobs.
GRANT SELECT ON workspaces, "workspaceMembers" TO mailsift_dispatcher;
GRANT SELECT, INSERT, UPDATE (reason), DELETE ON "pausedQueues" TO mailsift_dispatcher;
GRANT SELECT, UPDATE ("nextDueAt", "updatedAt", enabled) ON schedules TO mailsift_dispatcher;
GRANT SELECT, INSERT, UPDATE ("jobId", "analysisId", "errorCode") ON "scheduleRuns" TO mailsift_dispatcher;
GRANT SELECT, INSERT ON "userActivities" TO mailsift_dispatcher;
GRANT SELECT, INSERT, UPDATE ON "rateLimits" TO mailsift_dispatcher;
GRANT INSERT ON "jobQueue", analyses, "advancedAnalysis", exports TO mailsift_dispatcher;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['schedules', 'rateLimits'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO mailsift_api
            USING ("workspaceId" = (SELECT nullif(current_setting(''app.workspace_id'', true), '''')::uuid))', name);
    END LOOP;
END $$;
ALTER TABLE "scheduleRuns" ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON "scheduleRuns" TO mailsift_api
    USING (EXISTS (SELECT FROM schedules AS parent WHERE parent."scheduleId" = "scheduleRuns"."scheduleId"));
