-- The runs of one job belong together by the lease under which they were made; whoever holds the
-- lease can be asked to stop, from any replica.
ALTER TABLE sync_runs ADD COLUMN job UUID;
CREATE INDEX sync_runs_by_job ON sync_runs (job) WHERE job IS NOT NULL;

ALTER TABLE sync_lease ADD COLUMN cancel_wanted BOOLEAN NOT NULL DEFAULT FALSE;
