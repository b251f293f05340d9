INSERT INTO attempt_windows AS stored (bucket, attempts, ends_at)
SELECT unhex(value ->> 0), 1, value ->> 1
FROM json_each(?1)
WHERE TRUE
ON CONFLICT (bucket) DO UPDATE
SET attempts = CASE WHEN stored.ends_at > ?2 THEN stored.attempts + 1 ELSE 1 END,
    ends_at = CASE WHEN stored.ends_at > ?2 THEN stored.ends_at ELSE EXCLUDED.ends_at END
RETURNING bucket, attempts, ends_at
