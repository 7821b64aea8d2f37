-- Keys of whoever runs the deployment. No role reads them but through the look-up below.
CREATE TABLE "operatorKeys" (
    "operatorKeyId" UUID NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    "keyHash" BYTEA NOT NULL,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "expiresAt" TIMESTAMP WITH TIME ZONE,
    "lastUsedAt" TIMESTAMP WITH TIME ZONE,
    "revokedAt" TIMESTAMP WITH TIME ZONE,
    CONSTRAINT "pk_operatorKeys" PRIMARY KEY ("operatorKeyId"),
    CONSTRAINT "uq_operatorKeys_keyHash" UNIQUE ("keyHash")
);

-- What an operator does is history too: of the workspace it was done to, or of none.
ALTER TABLE "userActivities"
    ALTER COLUMN "workspaceId" DROP NOT NULL,
    ALTER COLUMN "userId" DROP NOT NULL,
    ADD COLUMN "operatorKeyId" UUID,
    ADD CONSTRAINT "fk_userActivities_operatorKeyId" FOREIGN KEY("operatorKeyId") REFERENCES "operatorKeys" ("operatorKeyId"),
    ADD CONSTRAINT "ck_userActivities_somebody" CHECK (num_nonnulls("userId", "operatorKeyId") = 1),
    ADD CONSTRAINT "ck_userActivities_somewhere" CHECK ("workspaceId" IS NOT NULL OR "operatorKeyId" IS NOT NULL);
CREATE INDEX "ix_userActivities_operatorKeyId" ON "userActivities" ("operatorKeyId");

-- The operators' role, which the API takes on for a transaction: jobs and people of all tenants, none of their lists.
GRANT USAGE ON SCHEMA public TO mailsift_operator;
GRANT SELECT ON workspaces, "workspaceMembers", "userProfiles", "jobQueue", "jobEvents", "jobLogs", "userActivities"
    TO mailsift_operator;
GRANT INSERT ON workspaces, "workspaceMembers", "userProfiles", "apiKeys", "jobEvents", "jobLogs", "userActivities"
    TO mailsift_operator;
GRANT UPDATE (name, plan) ON workspaces TO mailsift_operator;
GRANT UPDATE ON "jobQueue" TO mailsift_operator;
-- The end of a job is carried over to its subject, as the dispatcher does.
GRANT SELECT ("uploadId", status), UPDATE (status, "errorCode", "errorMessage", "startedAt", "completedAt", "updatedAt")
    ON uploads TO mailsift_operator;
GRANT SELECT ("analysisId", status), UPDATE (status, "errorCode", "errorMessage", "startedAt", "completedAt", "updatedAt")
    ON analyses TO mailsift_operator;
GRANT SELECT ("exportId", status), UPDATE (status, "errorCode", "errorMessage", "startedAt", "completedAt", "updatedAt")
    ON exports TO mailsift_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON "pausedQueues" TO mailsift_operator;
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['workspaces', 'workspaceMembers', 'userProfiles', 'apiKeys', 'uploads', 'analyses',
                                'exports', 'userActivities', 'jobQueue', 'jobEvents', 'jobLogs'] LOOP
        EXECUTE format('CREATE POLICY operator ON %I TO mailsift_operator USING (true)', name);
    END LOOP;
END $$;

-- The look-ups of keys stand outside row-level security, as the tenant is known only then. They note the use of a key at
-- most once a minute, so that a busy key is not a hot row.
CREATE FUNCTION operator_of_key(hash bytea)
RETURNS TABLE ("operatorKeyId" uuid, name text)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE "operatorKeys" SET "lastUsedAt" = now()
    WHERE "keyHash" = hash AND ("lastUsedAt" IS NULL OR "lastUsedAt" < now() - interval '1 minute');
    SELECT k."operatorKeyId", k.name
    FROM "operatorKeys" k
    WHERE k."keyHash" = hash AND k."revokedAt" IS NULL AND (k."expiresAt" IS NULL OR k."expiresAt" > now());
$$;
REVOKE ALL ON FUNCTION operator_of_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operator_of_key(bytea) TO mailsift_api;

-- Limits go by key and plan.
DROP FUNCTION api_key_owner(bytea);
CREATE FUNCTION api_key_owner(hash bytea)
RETURNS TABLE ("apiKeyId" uuid, "workspaceId" uuid, "userId" uuid, role text, scopes text[], plan text)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE "apiKeys" SET "lastUsedAt" = now()
    WHERE "keyHash" = hash AND ("lastUsedAt" IS NULL OR "lastUsedAt" < now() - interval '1 minute');
    SELECT k."apiKeyId", k."workspaceId", k."userId", m.role, k.scopes, w.plan
    FROM "apiKeys" k
    JOIN "workspaceMembers" m ON m."workspaceId" = k."workspaceId" AND m."userId" = k."userId"
    JOIN workspaces w ON w."workspaceId" = k."workspaceId"
    WHERE k."keyHash" = hash AND k."revokedAt" IS NULL AND (k."expiresAt" IS NULL OR k."expiresAt" > now());
$$;
REVOKE ALL ON FUNCTION api_key_owner(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api_key_owner(bytea) TO mailsift_api;

DROP FUNCTION api_key_of_link(uuid);
CREATE FUNCTION api_key_of_link(id uuid)
RETURNS TABLE ("keyHash" bytea, "apiKeyId" uuid, "workspaceId" uuid, "userId" uuid, role text, scopes text[], plan text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT k."keyHash", k."apiKeyId", k."workspaceId", k."userId", m.role, k.scopes, w.plan
    FROM "apiKeys" k
    JOIN "workspaceMembers" m ON m."workspaceId" = k."workspaceId" AND m."userId" = k."userId"
    JOIN workspaces w ON w."workspaceId" = k."workspaceId"
    WHERE k."apiKeyId" = id AND k."revokedAt" IS NULL AND (k."expiresAt" IS NULL OR k."expiresAt" > now());
$$;
REVOKE ALL ON FUNCTION api_key_of_link(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api_key_of_link(uuid) TO mailsift_api;
