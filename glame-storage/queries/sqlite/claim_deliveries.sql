UPDATE webhook_deliveries
SET claim = ?4, next_attempt_at = ?5
WHERE endpoint = ?1 AND event IN (
    SELECT event
    FROM webhook_deliveries
    WHERE endpoint = ?1 AND state = 'pending' AND next_attempt_at <= ?2
    ORDER BY next_attempt_at, event
    LIMIT ?3
)
