-- From "rowsExpiredAt" on nothing new is made of the rows; at "rowsDeletedAt" the last of them is gone.
ALTER TABLE uploads
    ADD COLUMN "fileDeletedAt" TIMESTAMP WITH TIME ZONE,
    ADD COLUMN "rowsExpiredAt" TIMESTAMP WITH TIME ZONE,
    ADD COLUMN "rowsDeletedAt" TIMESTAMP WITH TIME ZONE;
ALTER TABLE analyses
    ADD COLUMN "rowsExpiredAt" TIMESTAMP WITH TIME ZONE,
    ADD COLUMN "rowsDeletedAt" TIMESTAMP WITH TIME ZONE;

CREATE INDEX ix_uploads_files ON uploads ("completedAt") WHERE "fileDeletedAt" IS NULL;
CREATE INDEX ix_uploads_rows ON uploads ("completedAt") WHERE "rowsExpiredAt" IS NULL;
CREATE INDEX ix_uploads_draining ON uploads ("rowsExpiredAt")
    WHERE "rowsExpiredAt" IS NOT NULL AND "rowsDeletedAt" IS NULL;
CREATE INDEX ix_analyses_rows ON analyses ("completedAt") WHERE "rowsExpiredAt" IS NULL;
CREATE INDEX ix_analyses_draining ON analyses ("rowsExpiredAt")
    WHERE "rowsExpiredAt" IS NOT NULL AND "rowsDeletedAt" IS NULL;
CREATE INDEX ix_exports_expiring ON exports ("expiresAt") WHERE status = 'completed';
CREATE INDEX ix_exports_over ON exports ("completedAt") WHERE status IN ('failed', 'cancelled', 'expired');
CREATE INDEX "ix_jobQueue_deleted" ON "jobQueue" ("deletedAt") WHERE "deletedAt" IS NOT NULL;
CREATE INDEX "ix_domains_expiresAt" ON domains ("expiresAt");
CREATE INDEX "ix_idempotencyKeys_createdAt" ON "idempotencyKeys" ("createdAt");

-- The dispatcher clears away. Of what it deletes it sees no more than what tells it the age; to lock a row takes the
-- right to change one of its columns.
GRANT DELETE ON "jobQueue", exports, "rateLimits", "scheduleRuns" TO mailsift_dispatcher;
GRANT UPDATE (emails, "fileDeletedAt", "rowsExpiredAt", "rowsDeletedAt") ON uploads TO mailsift_dispatcher;
GRANT UPDATE ("rowsExpiredAt", "rowsDeletedAt") ON analyses TO mailsift_dispatcher;
GRANT SELECT ("uploadId", "sequenceNumber"), DELETE ON "uploadEmails", "uploadRejectedRows" TO mailsift_dispatcher;
GRANT SELECT ("analysisId", "sequenceNumber"), DELETE ON "advancedEmailResults" TO mailsift_dispatcher;
GRANT SELECT (domain, resolver, "expiresAt", "claimedUntil"), UPDATE ("claimedUntil"), DELETE ON domains
    TO mailsift_dispatcher;
GRANT SELECT ("workspaceId", key, "createdAt"), UPDATE ("createdAt"), DELETE ON "idempotencyKeys"
    TO mailsift_dispatcher;
