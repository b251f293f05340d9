INSERT INTO one_time_codes (subject, code_hash, issued_at, expires_at, tries, used_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (subject) DO UPDATE
SET code_hash = EXCLUDED.code_hash, issued_at = EXCLUDED.issued_at,
    expires_at = EXCLUDED.expires_at, tries = EXCLUDED.tries, used_at = EXCLUDED.used_at
