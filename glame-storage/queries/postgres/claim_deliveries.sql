WITH due AS (
    SELECT endpoint, event
    FROM webhook_deliveries
    WHERE endpoint = $1 AND state = 'pending' AND next_attempt_at <= $2
    ORDER BY next_attempt_at, event
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries AS delivery
SET claim = $4, next_attempt_at = $5
FROM due
JOIN webhook_events AS told ON told.event = due.event
WHERE delivery.endpoint = due.endpoint AND delivery.event = due.event
RETURNING delivery.endpoint, delivery.event, delivery.event_type, delivery.state,
          delivery.attempts, delivery.next_attempt_at, delivery.last_attempt_at,
          delivery.last_result, delivery.created_at, told.payload
