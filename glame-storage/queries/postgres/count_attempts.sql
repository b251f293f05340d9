INSERT INTO attempt_windows AS stored (bucket, attempts, ends_at)
SELECT bucket, 1, ends_at
FROM UNNEST($1::bytea[], $2::timestamptz[]) AS given (bucket, ends_at)
ORDER BY bucket
ON CONFLICT (bucket) DO UPDATE
SET attempts = CASE WHEN stored.ends_at > $3 THEN stored.attempts + 1 ELSE 1 END,
    ends_at = CASE WHEN stored.ends_at > $3 THEN stored.ends_at ELSE EXCLUDED.ends_at END
RETURNING bucket, attempts, ends_at
