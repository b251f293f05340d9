INSERT INTO sync_lease AS held (lease, token, job, task, owner, expires_at, cancel_wanted)
VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (lease) DO UPDATE
SET token = EXCLUDED.token,
    job = EXCLUDED.job,
    task = EXCLUDED.task,
    owner = EXCLUDED.owner,
    expires_at = EXCLUDED.expires_at,
    cancel_wanted = EXCLUDED.cancel_wanted
WHERE held.expires_at <= ?7 OR held.token = EXCLUDED.token
