-- Runs are listed page by page, of all kinds or of one; a kind that never runs is looked for, too.
DROP INDEX sync_runs_by_time;
CREATE INDEX sync_runs_by_time ON sync_runs (queued_at, run);
CREATE INDEX sync_runs_by_kind ON sync_runs (kind, queued_at, run);

-- What the last comparison of points with the shop's base has found: one document.
CREATE TABLE reconciliations (
    reconciliation INTEGER NOT NULL CHECK (reconciliation = 1),
    compared_at    INTEGER NOT NULL,
    document       TEXT    NOT NULL,
    PRIMARY KEY (reconciliation)
) STRICT;
