INSERT INTO webhook_endpoints (
    endpoint, url, description, event_types, secret, previous_secret, previous_valid_until, state,
    failing_since, version, created_at, updated_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (endpoint) DO UPDATE SET
    url = EXCLUDED.url,
    description = EXCLUDED.description,
    event_types = EXCLUDED.event_types,
    secret = EXCLUDED.secret,
    previous_secret = EXCLUDED.previous_secret,
    previous_valid_until = EXCLUDED.previous_valid_until,
    state = EXCLUDED.state,
    failing_since = EXCLUDED.failing_since,
    version = EXCLUDED.version,
    created_at = EXCLUDED.created_at,
    updated_at = EXCLUDED.updated_at
