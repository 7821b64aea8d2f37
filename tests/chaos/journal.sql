-- The scenario's own witness inside the database. It is written by triggers in the transaction it tells of, so what was
-- rolled back is not in it. Every worker process logs in with a role of its own: session_user says who writes.
CREATE SCHEMA chaos;
GRANT USAGE ON SCHEMA chaos TO mailsift_worker;

-- Which process claimed which lease.
CREATE TABLE chaos.claims (token uuid PRIMARY KEY, "jobId" uuid NOT NULL, worker name NOT NULL);

-- Transactions in which a worker wrote its own job's row while it held the lease; `writer`: on the lease's connection.
CREATE TABLE chaos.fences (transaction xid8 NOT NULL, subject uuid NOT NULL, writer boolean NOT NULL);
CREATE INDEX ON chaos.fences (transaction);

-- What a worker wrote anywhere else; `loose`: not tied to a subject.
CREATE TABLE chaos.writes (transaction xid8 NOT NULL, place name NOT NULL, subject uuid, rows bigint NOT NULL,
    worker name NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());

-- A worker wrote a job whose lease another process held.
CREATE TABLE chaos.intrusions ("jobId" uuid NOT NULL, worker name NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp());

CREATE TABLE chaos.moves (id bigint GENERATED ALWAYS AS IDENTITY, "jobId" uuid NOT NULL, was text NOT NULL,
    became text NOT NULL, worker name NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());

-- What the jobs of the scenarios' own worker write. No key keeps a row from being there twice.
CREATE TABLE chaos.rows ("jobId" uuid NOT NULL, subject uuid NOT NULL, number bigint NOT NULL, attempt integer NOT NULL);
GRANT INSERT ON chaos.rows TO mailsift_worker;

-- While a worker is in here, its heartbeats take so many seconds, with the rows of its jobs locked.
CREATE TABLE chaos.brakes (worker name NOT NULL, seconds double precision NOT NULL);

CREATE FUNCTION chaos.is_worker() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT starts_with(session_user, current_database() || '_')
$$;

CREATE FUNCTION chaos.watch_job() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    subject uuid := coalesce(NEW."uploadId", NEW."analysisId", NEW."exportId");
BEGIN
    IF NEW.status <> OLD.status THEN
        INSERT INTO chaos.moves ("jobId", was, became, worker) VALUES (NEW."jobId", OLD.status, NEW.status, session_user);
    END IF;
    IF NOT chaos.is_worker() THEN
        RETURN NULL;
    END IF;
    IF OLD."leaseToken" IS NULL AND NEW."leaseToken" IS NOT NULL THEN
        INSERT INTO chaos.claims VALUES (NEW."leaseToken", NEW."jobId", session_user);
        INSERT INTO chaos.fences VALUES (pg_current_xact_id(), subject, true);
    ELSIF OLD."leaseToken" IS NULL THEN
        -- A child's end counts its parent down; otherwise nobody but a claim touches a job without lease.
        INSERT INTO chaos.writes (transaction, place, subject, rows, worker)
        VALUES (pg_current_xact_id(), 'jobQueue', NULL, 1, session_user);
    ELSIF EXISTS (SELECT FROM chaos.claims WHERE token = OLD."leaseToken" AND worker = session_user) THEN
        INSERT INTO chaos.fences
        VALUES (pg_current_xact_id(), subject, OLD."backendPid" IS NOT DISTINCT FROM pg_backend_pid());
        IF NEW."heartbeatAt" > OLD."heartbeatAt" THEN
            PERFORM pg_sleep(seconds) FROM chaos.brakes WHERE worker = session_user;
        END IF;
    ELSE
        INSERT INTO chaos.intrusions ("jobId", worker) VALUES (NEW."jobId", session_user);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_watch AFTER UPDATE ON "jobQueue" FOR EACH ROW EXECUTE FUNCTION chaos.watch_job();

CREATE FUNCTION chaos.watch_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF chaos.is_worker() THEN
        EXECUTE format('INSERT INTO chaos.writes (transaction, place, subject, rows, worker)
            SELECT pg_current_xact_id(), %L, %I, count(*), session_user FROM written GROUP BY %2$I',
            TG_TABLE_NAME, TG_ARGV[0]);
    END IF;
    RETURN NULL;
END $$;

DO $$
DECLARE
    watched text[];
BEGIN
    FOREACH watched SLICE 1 IN ARRAY ARRAY[
        ['"uploadEmails"', 'uploadId', 'INSERT'], ['"uploadRejectedRows"', 'uploadId', 'INSERT'],
        ['"advancedEmailResults"', 'analysisId', 'INSERT'], ['chaos.rows', 'subject', 'INSERT'],
        ['uploads', 'uploadId', 'UPDATE'], ['analyses', 'analysisId', 'UPDATE'],
        ['"advancedAnalysis"', 'analysisId', 'UPDATE'], ['"bulkAnalysis"', 'analysisId', 'UPDATE'],
        ['"domainAnalysis"', 'analysisId', 'UPDATE'],
        ['"singleAnalysis"', 'analysisId', 'UPDATE'],
        ['exports', 'exportId', 'UPDATE']]
    LOOP
        EXECUTE format('CREATE TRIGGER chaos_watch AFTER %s ON %s REFERENCING NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION chaos.watch_rows(%L)', watched[3], watched[1], watched[2]);
    END LOOP;
END $$;

-- Rows that were accepted from one who did not hold the lease: in their transaction no row of a job, held by its writer,
-- says that he may. Rows of results must even have come over the connection that the claim recorded.
CREATE VIEW chaos.stale AS
SELECT w.place, w.worker, w.subject, w.rows, w.at FROM chaos.writes w
WHERE NOT EXISTS (
    SELECT FROM chaos.fences f WHERE f.transaction = w.transaction
        AND (w.place = 'jobQueue' OR f.subject = w.subject)
        AND (f.writer OR w.place NOT IN ('uploadEmails', 'uploadRejectedRows', 'advancedEmailResults', 'rows')))
UNION ALL
SELECT 'jobQueue', worker, "jobId", 1, at FROM chaos.intrusions;
