INSERT INTO sessions (
    user_id, session, token_hash, kind, role, created_at, last_seen_at, expires_at, revoked_at,
    user_agent
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (user_id, session) DO NOTHING
