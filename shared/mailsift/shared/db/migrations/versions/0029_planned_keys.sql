-- In PL/pgSQL a connection plans its statements once, where it planned them for every request before.
CREATE OR REPLACE FUNCTION api_key_owner(hash bytea)
RETURNS TABLE ("apiKeyId" uuid, "workspaceId" uuid, "userId" uuid, role text, scopes text[], plan text, kind text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    UPDATE "apiKeys" SET "lastUsedAt" = now()
    WHERE "keyHash" = hash AND ("lastUsedAt" IS NULL OR "lastUsedAt" < now() - interval '1 minute');
    RETURN QUERY
    SELECT k."apiKeyId", CASE k.kind WHEN 'test' THEN s."workspaceId" ELSE k."workspaceId" END, k."userId", m.role,
        k.scopes, w.plan, k.kind
    FROM "apiKeys" k
    JOIN "workspaceMembers" m ON m."workspaceId" = k."workspaceId" AND m."userId" = k."userId"
    JOIN workspaces w ON w."workspaceId" = k."workspaceId"
    LEFT JOIN workspaces s ON s."sandboxOf" = k."workspaceId"
    WHERE k."keyHash" = hash AND k."revokedAt" IS NULL AND (k."expiresAt" IS NULL OR k."expiresAt" > now());
END
$$;
