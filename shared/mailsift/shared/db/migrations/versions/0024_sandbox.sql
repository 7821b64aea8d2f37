ALTER TABLE workspaces ADD COLUMN "sandboxOf" UUID;
ALTER TABLE workspaces ADD CONSTRAINT "fk_workspaces_sandboxOf"
    FOREIGN KEY("sandboxOf") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE;
ALTER TABLE workspaces ADD CONSTRAINT "uq_workspaces_sandboxOf" UNIQUE ("sandboxOf");

ALTER TABLE "apiKeys" ADD COLUMN kind TEXT DEFAULT 'live' NOT NULL;
ALTER TABLE "apiKeys" ADD CONSTRAINT "ck_apiKeys_kind" CHECK (kind IN ('live', 'test'));

-- Makes the sandbox of the workspace that is open where there is none, on the same plan, with that member in it.
CREATE FUNCTION open_sandbox(id uuid, member uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    INSERT INTO workspaces ("workspaceId", name, plan, "sandboxOf")
    SELECT id, name || ' (sandbox)', plan, "workspaceId" FROM workspaces
    WHERE "workspaceId" = nullif(current_setting('app.workspace_id', true), '')::uuid AND "sandboxOf" IS NULL
    ON CONFLICT ("sandboxOf") DO UPDATE SET plan = excluded.plan;
    INSERT INTO "workspaceMembers" ("workspaceId", "userId", role)
    SELECT "workspaceId", member, 'member' FROM workspaces
    WHERE "sandboxOf" = nullif(current_setting('app.workspace_id', true), '')::uuid
    ON CONFLICT DO NOTHING;
$$;
REVOKE ALL ON FUNCTION open_sandbox(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open_sandbox(uuid, uuid) TO mailsift_api;

-- Where a key acts: a test key in the sandbox of the workspace whose members have it.
DROP FUNCTION api_key_owner(bytea);
CREATE FUNCTION api_key_owner(hash bytea)
RETURNS TABLE ("apiKeyId" uuid, "workspaceId" uuid, "userId" uuid, role text, scopes text[], plan text, kind text)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE "apiKeys" SET "lastUsedAt" = now()
    WHERE "keyHash" = hash AND ("lastUsedAt" IS NULL OR "lastUsedAt" < now() - interval '1 minute');
    SELECT k."apiKeyId", CASE k.kind WHEN 'test' THEN s."workspaceId" ELSE k."workspaceId" END, k."userId", m.role,
        k.scopes, w.plan, k.kind
    FROM "apiKeys" k
    JOIN "workspaceMembers" m ON m."workspaceId" = k."workspaceId" AND m."userId" = k."userId"
    JOIN workspaces w ON w."workspaceId" = k."workspaceId"
    LEFT JOIN workspaces s ON s."sandboxOf" = k."workspaceId"
    WHERE k."keyHash" = hash AND k."revokedAt" IS NULL AND (k."expiresAt" IS NULL OR k."expiresAt" > now());
$$;
REVOKE ALL ON FUNCTION api_key_owner(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api_key_owner(bytea) TO mailsift_api;

DROP FUNCTION api_key_of_link(uuid);
CREATE FUNCTION api_key_of_link(id uuid)
RETURNS TABLE ("keyHash" bytea, "apiKeyId" uuid, "workspaceId" uuid, "userId" uuid, role text, scopes text[], plan text,
               kind text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT k."keyHash", k."apiKeyId", CASE k.kind WHEN 'test' THEN s."workspaceId" ELSE k."workspaceId" END, k."userId",
        m.role, k.scopes, w.plan, k.kind
    FROM "apiKeys" k
    JOIN "workspaceMembers" m ON m."workspaceId" = k."workspaceId" AND m."userId" = k."userId"
    JOIN workspaces w ON w."workspaceId" = k."workspaceId"
    LEFT JOIN workspaces s ON s."sandboxOf" = k."workspaceId"
    WHERE k."apiKeyId" = id AND k."revokedAt" IS NULL AND (k."expiresAt" IS NULL OR k."expiresAt" > now());
$$;
REVOKE ALL ON FUNCTION api_key_of_link(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api_key_of_link(uuid) TO mailsift_api;
