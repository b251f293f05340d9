UPDATE webhook_deliveries AS delivery
SET state = done.state,
    attempts = done.attempts,
    next_attempt_at = done.next_attempt_at,
    last_attempt_at = done.last_attempt_at,
    last_result = done.last_result,
    claim = NULL
FROM UNNEST(
    $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::timestamptz[], $7::timestamptz[],
    $8::text[]
) AS done (endpoint, event, state, attempts, next_attempt_at, last_attempt_at, last_result)
WHERE delivery.endpoint = done.endpoint AND delivery.event = done.event AND delivery.claim = $1
