-- Tokens of guests: each opens a workspace of its own, so often and so long, and belongs to the one that gave it out.
CREATE TABLE "guestTokens" (
    "guestTokenId" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    "guestWorkspaceId" UUID NOT NULL,
    "guestUserId" UUID NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    "tokenHash" BYTEA NOT NULL,
    uses INTEGER NOT NULL,
    "usesLeft" INTEGER NOT NULL,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "expiresAt" TIMESTAMP WITH TIME ZONE NOT NULL,
    "lastUsedAt" TIMESTAMP WITH TIME ZONE,
    "revokedAt" TIMESTAMP WITH TIME ZONE,
    CONSTRAINT "pk_guestTokens" PRIMARY KEY ("guestTokenId"),
    CONSTRAINT "uq_guestTokens_tokenHash" UNIQUE ("tokenHash"),
    CONSTRAINT "uq_guestTokens_guestWorkspaceId" UNIQUE ("guestWorkspaceId"),
    CONSTRAINT "ck_guestTokens_uses" CHECK ("usesLeft" BETWEEN 0 AND uses),
    CONSTRAINT "fk_guestTokens_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE,
    CONSTRAINT "fk_guestTokens_guestWorkspaceId" FOREIGN KEY("guestWorkspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE,
    CONSTRAINT "fk_guestTokens_guestUserId" FOREIGN KEY("guestUserId") REFERENCES "userProfiles" ("userId") ON DELETE CASCADE
);
CREATE INDEX "ix_guestTokens_workspaceId" ON "guestTokens" ("workspaceId");
CREATE INDEX "ix_guestTokens_guestUserId" ON "guestTokens" ("guestUserId");
ALTER TABLE "guestTokens" ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON "guestTokens" TO mailsift_api
    USING ("workspaceId" = (SELECT nullif(current_setting('app.workspace_id', true), '')::uuid));
GRANT SELECT ON "guestTokens" TO mailsift_api;

-- What follows concerns the workspace that is open: row-level security says so, and the functions that stand above it do
-- by themselves. A key can be ended and not revived, so nobody but these functions changes one.
GRANT INSERT ON "apiKeys" TO mailsift_api;
GRANT INSERT, UPDATE (role), DELETE ON "workspaceMembers" TO mailsift_api;
GRANT UPDATE (name) ON workspaces TO mailsift_api;

CREATE FUNCTION end_api_key(id uuid, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE "apiKeys"
    SET "expiresAt" = least("expiresAt", at), "revokedAt" = CASE WHEN at <= now() THEN coalesce("revokedAt", now()) ELSE "revokedAt" END
    WHERE "apiKeyId" = id AND "workspaceId" = nullif(current_setting('app.workspace_id', true), '')::uuid;
$$;

-- A person is the same in all workspaces, known by the address.
CREATE FUNCTION person_of(address text, id uuid) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    INSERT INTO "userProfiles" ("userId", email) VALUES (id, address)
    ON CONFLICT (email) DO UPDATE SET email = excluded.email RETURNING "userId";
$$;

CREATE FUNCTION make_guest(
    id uuid, workspace_id uuid, user_id uuid, said text, beginning text, hash bytea, most integer, until timestamptz
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    INSERT INTO workspaces ("workspaceId", name, plan) VALUES (workspace_id, 'Guest', 'free');
    INSERT INTO "userProfiles" ("userId") VALUES (user_id);
    INSERT INTO "workspaceMembers" ("workspaceId", "userId", role) VALUES (workspace_id, user_id, 'member');
    INSERT INTO "guestTokens" ("guestTokenId", "workspaceId", "guestWorkspaceId", "guestUserId", name, prefix, "tokenHash",
                               uses, "usesLeft", "expiresAt")
    VALUES (id, nullif(current_setting('app.workspace_id', true), '')::uuid, workspace_id, user_id, said, beginning, hash,
            most, most, until);
$$;

CREATE FUNCTION end_guest_token(id uuid) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE "guestTokens" SET "revokedAt" = coalesce("revokedAt", now())
    WHERE "guestTokenId" = id AND "workspaceId" = nullif(current_setting('app.workspace_id', true), '')::uuid
    RETURNING true;
$$;

-- Takes one use of the token whose workspace is open; null when none is left.
CREATE FUNCTION use_guest_token() RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE "guestTokens" SET "usesLeft" = "usesLeft" - 1, "lastUsedAt" = now()
    WHERE "guestWorkspaceId" = nullif(current_setting('app.workspace_id', true), '')::uuid AND "usesLeft" > 0
    RETURNING "usesLeft";
$$;

CREATE FUNCTION guest_of_token(hash bytea)
RETURNS TABLE ("guestTokenId" uuid, "guestWorkspaceId" uuid, "guestUserId" uuid, plan text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT t."guestTokenId", t."guestWorkspaceId", t."guestUserId", w.plan
    FROM "guestTokens" t JOIN workspaces w ON w."workspaceId" = t."guestWorkspaceId"
    WHERE t."tokenHash" = hash AND t."revokedAt" IS NULL AND t."expiresAt" > now();
$$;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['end_api_key(uuid, timestamptz)', 'person_of(text, uuid)', 'end_guest_token(uuid)',
                                'make_guest(uuid, uuid, uuid, text, text, bytea, integer, timestamptz)',
                                'use_guest_token()', 'guest_of_token(bytea)'] LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', name);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO mailsift_api', name);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION person_of(text, uuid) TO mailsift_operator;
