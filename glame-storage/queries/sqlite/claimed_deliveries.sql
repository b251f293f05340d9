SELECT delivery.endpoint, delivery.event, delivery.event_type, delivery.state, delivery.attempts,
       delivery.next_attempt_at, delivery.last_attempt_at, delivery.last_result,
       delivery.created_at, told.payload
FROM webhook_deliveries AS delivery
JOIN webhook_events AS told ON told.event = delivery.event
WHERE delivery.endpoint = ?1 AND delivery.state = 'pending' AND delivery.next_attempt_at = ?2
  AND delivery.claim = ?3
