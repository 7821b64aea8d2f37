-- Keys open the workspace that they belong to, as before there were sandboxes.
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
