UPDATE sessions
SET revoked_at = $2
WHERE user_id = $1 AND revoked_at IS NULL
  AND ($3::uuid IS NULL OR session = $3) AND ($4::uuid IS NULL OR session <> $4)
