-- Addresses that are told what happens in a workspace.
CREATE TABLE webhooks (
    "webhookId" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    url TEXT NOT NULL,
    description TEXT,
    events TEXT[] NOT NULL,
    enabled BOOLEAN DEFAULT true NOT NULL,
    "disabledReason" TEXT,
    "failingSince" TIMESTAMP WITH TIME ZONE,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "updatedAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_webhooks PRIMARY KEY ("webhookId"),
    CONSTRAINT "fk_webhooks_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE,
    CONSTRAINT "fk_webhooks_userId" FOREIGN KEY("userId") REFERENCES "userProfiles" ("userId") ON DELETE CASCADE
);
CREATE INDEX "ix_webhooks_userId" ON webhooks ("userId");
CREATE INDEX "ix_webhooks_workspaceId" ON webhooks ("workspaceId", "createdAt" DESC);

-- A table of its own, so that the API's role can replace what it cannot read.
CREATE TABLE "webhookSecrets" (
    "webhookSecretId" UUID NOT NULL,
    "webhookId" UUID NOT NULL,
    secret TEXT NOT NULL,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "expiresAt" TIMESTAMP WITH TIME ZONE,
    CONSTRAINT "pk_webhookSecrets" PRIMARY KEY ("webhookSecretId"),
    CONSTRAINT "fk_webhookSecrets_webhookId" FOREIGN KEY("webhookId") REFERENCES webhooks ("webhookId") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "ix_webhookSecrets_current" ON "webhookSecrets" ("webhookId") WHERE "expiresAt" IS NULL;
CREATE INDEX "ix_webhookSecrets_webhookId" ON "webhookSecrets" ("webhookId");

-- The outbox: written in the transaction of what it tells of, and kept as the log of how it went.
CREATE TABLE "webhookDeliveries" (
    "deliveryId" UUID NOT NULL,
    "webhookId" UUID NOT NULL,
    "workspaceId" UUID NOT NULL,
    event TEXT NOT NULL,
    once TEXT,
    payload JSONB NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    attempt INTEGER DEFAULT 0 NOT NULL,
    failures INTEGER DEFAULT 0 NOT NULL,
    "dueAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "queuedAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "dispatchedAt" TIMESTAMP WITH TIME ZONE,
    "leaseToken" UUID,
    "leaseUntil" TIMESTAMP WITH TIME ZONE,
    "responseStatus" INTEGER,
    "responseBody" TEXT,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "durationMs" INTEGER,
    "createdAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    "attemptedAt" TIMESTAMP WITH TIME ZONE,
    "completedAt" TIMESTAMP WITH TIME ZONE,
    CONSTRAINT "pk_webhookDeliveries" PRIMARY KEY ("deliveryId"),
    CONSTRAINT "ck_webhookDeliveries_status" CHECK (status IN ('pending', 'delivering', 'delivered', 'failed')),
    CONSTRAINT "fk_webhookDeliveries_webhookId" FOREIGN KEY("webhookId") REFERENCES webhooks ("webhookId") ON DELETE CASCADE,
    CONSTRAINT "fk_webhookDeliveries_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE
);
CREATE INDEX "ix_webhookDeliveries_webhookId" ON "webhookDeliveries" ("webhookId", "createdAt" DESC);
CREATE UNIQUE INDEX "ix_webhookDeliveries_webhookId_once" ON "webhookDeliveries" ("webhookId", once) WHERE once IS NOT NULL;
CREATE INDEX "ix_webhookDeliveries_due" ON "webhookDeliveries" ("webhookId", "dueAt")
    WHERE status = 'pending' AND "dispatchedAt" IS NULL;
CREATE INDEX "ix_webhookDeliveries_in_flight" ON "webhookDeliveries" ("webhookId")
    WHERE status IN ('pending', 'delivering') AND "dispatchedAt" IS NOT NULL;
CREATE INDEX "ix_webhookDeliveries_createdAt" ON "webhookDeliveries" ("createdAt");
CREATE INDEX "ix_webhookDeliveries_workspaceId" ON "webhookDeliveries" ("workspaceId");

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['webhooks', 'webhookDeliveries'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I TO mailsift_api
            USING ("workspaceId" = (SELECT nullif(current_setting(''app.workspace_id'', true), '''')::uuid))', name);
    END LOOP;
END $$;
ALTER TABLE "webhookSecrets" ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON "webhookSecrets" TO mailsift_api
    USING (EXISTS (SELECT FROM webhooks AS parent WHERE parent."webhookId" = "webhookSecrets"."webhookId"));

GRANT SELECT, INSERT, DELETE, UPDATE (url, description, events, enabled, "disabledReason", "failingSince", "updatedAt")
    ON webhooks TO mailsift_api;
-- It makes secrets and lets them expire; what they are, only who signs can see.
GRANT SELECT ("webhookSecretId", "webhookId", "createdAt", "expiresAt"), INSERT, UPDATE ("expiresAt"), DELETE
    ON "webhookSecrets" TO mailsift_api;
GRANT SELECT, INSERT, UPDATE ON "webhookDeliveries" TO mailsift_api;

GRANT SELECT, UPDATE (enabled, "disabledReason", "failingSince", "updatedAt") ON webhooks TO mailsift_worker;
GRANT SELECT ON "webhookSecrets" TO mailsift_worker;
GRANT SELECT, INSERT, UPDATE ON "webhookDeliveries" TO mailsift_worker;

GRANT SELECT ON webhooks TO mailsift_dispatcher;
GRANT SELECT, INSERT, UPDATE, DELETE ON "webhookDeliveries" TO mailsift_dispatcher;
