INSERT INTO webhook_deliveries (
    endpoint, event, event_type, state, attempts, next_attempt_at, created_at
)
SELECT new.endpoint, new.event, new.event_type, 'pending', 0, new.next_attempt_at, new.created_at
FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[])
    AS new (endpoint, event, event_type, next_attempt_at, created_at)
-- Who has been removed meanwhile is told nothing more.
JOIN webhook_endpoints ON webhook_endpoints.endpoint = new.endpoint
ON CONFLICT (endpoint, event) DO NOTHING
