-- Who may do what. The owner owns; the others get what their service needs and no more.
GRANT USAGE ON SCHEMA public TO mailsift_api, mailsift_worker, mailsift_dispatcher;

-- The API: one tenant at a time, below row-level security.
GRANT SELECT ON "userProfiles", workspaces, "workspaceMembers", "apiKeys", "uploadEmails", "uploadRejectedRows",
    "advancedEmailResults", "userActivities", "jobLogs", "jobEvents", "idempotencyKeys" TO mailsift_api;
GRANT INSERT ON "userActivities", "jobLogs", "jobEvents", "idempotencyKeys" TO mailsift_api;
GRANT SELECT, INSERT, UPDATE ON uploads, analyses, "singleAnalysis", "advancedAnalysis", exports, "jobQueue"
    TO mailsift_api;

-- The workers: all tenants, only the tables of their work.
GRANT SELECT ON workspaces TO mailsift_worker;
GRANT SELECT, UPDATE ON uploads, analyses, "singleAnalysis", "advancedAnalysis", exports TO mailsift_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON "uploadEmails", "uploadRejectedRows", "advancedEmailResults", domains
    TO mailsift_worker;
GRANT SELECT, INSERT, UPDATE ON "jobQueue" TO mailsift_worker;
GRANT SELECT, INSERT ON "jobLogs", "jobEvents", "userActivities" TO mailsift_worker;

-- The dispatcher: moves jobs, and carries the end of one over to its subject.
GRANT SELECT, UPDATE ON "jobQueue" TO mailsift_dispatcher;
GRANT SELECT, INSERT ON "jobLogs", "jobEvents" TO mailsift_dispatcher;
GRANT SELECT, UPDATE (status, "errorCode", "errorMessage", "startedAt", "completedAt", "updatedAt")
    ON uploads, analyses, exports TO mailsift_dispatcher;

-- After one transaction the setting is '' instead of NULL, hence nullif; the sub-select makes it one look-up a query.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['workspaces', 'workspaceMembers', 'apiKeys', 'uploads', 'analyses', 'exports',
                                'userActivities', 'idempotencyKeys', 'jobQueue'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO mailsift_api
            USING ("workspaceId" = (SELECT nullif(current_setting(''app.workspace_id'', true), '''')::uuid))', name);
    END LOOP;
END $$;

-- Tables without a workspace of their own are seen through their parent, whose policy applies.
DO $$
DECLARE link text[];
BEGIN
    FOREACH link SLICE 1 IN ARRAY ARRAY[
        ['uploadEmails', 'uploads', 'uploadId'], ['uploadRejectedRows', 'uploads', 'uploadId'],
        ['singleAnalysis', 'analyses', 'analysisId'], ['advancedAnalysis', 'analyses', 'analysisId'],
        ['advancedEmailResults', 'analyses', 'analysisId'],
        ['jobLogs', 'jobQueue', 'jobId'], ['jobEvents', 'jobQueue', 'jobId'],
        ['userProfiles', 'workspaceMembers', 'userId']] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', link[1]);
        EXECUTE format('CREATE POLICY tenant ON %1$I TO mailsift_api
            USING (EXISTS (SELECT FROM %2$I AS parent WHERE parent.%3$I = %1$I.%3$I))', link[1], link[2], link[3]);
    END LOOP;
END $$;

-- The key comes before the tenant, so this one look-up stands outside row-level security. It notes the use of a key at
-- most once a minute, so that a busy key is not a hot row.
CREATE FUNCTION api_key_owner(hash bytea)
RETURNS TABLE ("workspaceId" uuid, "userId" uuid, role text, scopes text[])
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE "apiKeys" SET "lastUsedAt" = now()
    WHERE "keyHash" = hash AND ("lastUsedAt" IS NULL OR "lastUsedAt" < now() - interval '1 minute');
    SELECT k."workspaceId", k."userId", m.role, k.scopes
    FROM "apiKeys" k
    JOIN "workspaceMembers" m ON m."workspaceId" = k."workspaceId" AND m."userId" = k."userId"
    WHERE k."keyHash" = hash AND k."revokedAt" IS NULL AND (k."expiresAt" IS NULL OR k."expiresAt" > now());
$$;
REVOKE ALL ON FUNCTION api_key_owner(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api_key_owner(bytea) TO mailsift_api;
