-- What a soak was promised and what became of it, beside the scenarios' journal. A job's line is written in the
-- transaction that asks for the job, so that the two are there or not there together, and goes when it has been judged.
CREATE TABLE chaos.asked ("jobId" uuid PRIMARY KEY, after uuid, subject uuid NOT NULL, kind text NOT NULL,
    rows bigint NOT NULL, plan text NOT NULL, endings text[] NOT NULL, retries integer NOT NULL DEFAULT 0,
    at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX ON chaos.asked (at);
CREATE INDEX ON chaos.asked (after) WHERE after IS NOT NULL;
GRANT USAGE ON SCHEMA chaos TO mailsift_api;
GRANT SELECT, INSERT, UPDATE ON chaos.asked TO mailsift_api;

-- The judgements so far, added up.
CREATE TABLE chaos.totals (name text PRIMARY KEY, value bigint NOT NULL);

CREATE TABLE chaos.evidence (at timestamptz NOT NULL DEFAULT clock_timestamp(), gate text NOT NULL, what jsonb NOT NULL);

-- How long jobs waited for their first claim, in milliseconds of two digits, while nothing was disturbed.
CREATE TABLE chaos.waits (milliseconds bigint PRIMARY KEY, jobs bigint NOT NULL);
CREATE TABLE chaos.storms (began timestamptz PRIMARY KEY, ended timestamptz NOT NULL);

-- The judge comes again and again, and looks at what came since.
CREATE INDEX ON chaos.moves ("jobId");
CREATE INDEX ON chaos.rows ("jobId");
CREATE INDEX ON chaos.claims ("jobId");
CREATE INDEX ON chaos.writes (transaction);
CREATE INDEX ON "userActivities" ("entityId");
