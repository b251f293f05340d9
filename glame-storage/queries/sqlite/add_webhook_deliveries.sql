INSERT INTO webhook_deliveries (
    endpoint, event, event_type, state, attempts, next_attempt_at, created_at
)
SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, 'pending', 0, value ->> 3, value ->> 4
FROM json_each(?1)
-- Who has been removed meanwhile is told nothing more.
WHERE unhex(value ->> 0) IN (SELECT endpoint FROM webhook_endpoints)
ON CONFLICT (endpoint, event) DO NOTHING
