INSERT INTO sync_runs (
    run, kind, since, status, triggered_by, counts, cursor, error, queued_at, started_at,
    finished_at, job
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (run) DO UPDATE SET
    kind = EXCLUDED.kind,
    since = EXCLUDED.since,
    status = EXCLUDED.status,
    triggered_by = EXCLUDED.triggered_by,
    counts = EXCLUDED.counts,
    cursor = EXCLUDED.cursor,
    error = EXCLUDED.error,
    queued_at = EXCLUDED.queued_at,
    started_at = EXCLUDED.started_at,
    finished_at = EXCLUDED.finished_at,
    job = EXCLUDED.job
