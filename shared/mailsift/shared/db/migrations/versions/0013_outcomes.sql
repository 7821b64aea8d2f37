-- What became of mail to an address, by the last that its workspace said.
CREATE TABLE outcomes (
    "workspaceId" UUID NOT NULL,
    "normalizedAddress" TEXT NOT NULL,
    outcome TEXT NOT NULL,
    "reportedAt" TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_outcomes PRIMARY KEY ("workspaceId", "normalizedAddress"),
    CONSTRAINT ck_outcomes_outcome CHECK (outcome IN ('delivered', 'bounced')),
    CONSTRAINT "fk_outcomes_workspaceId" FOREIGN KEY("workspaceId") REFERENCES workspaces ("workspaceId") ON DELETE CASCADE
);
CREATE INDEX "ix_outcomes_reportedAt" ON outcomes ("reportedAt");

ALTER TABLE outcomes ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON outcomes TO mailsift_api
    USING ("workspaceId" = (SELECT nullif(current_setting('app.workspace_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE (outcome, "reportedAt"), DELETE ON outcomes TO mailsift_api;
-- The dispatcher clears away what is old, and does not see what became of whom.
GRANT SELECT ("workspaceId", "normalizedAddress", "reportedAt"), UPDATE ("reportedAt"), DELETE ON outcomes
    TO mailsift_dispatcher;
