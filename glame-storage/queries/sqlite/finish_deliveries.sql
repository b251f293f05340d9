UPDATE webhook_deliveries AS delivery
SET state = done.value ->> 2,
    attempts = done.value ->> 3,
    next_attempt_at = done.value ->> 4,
    last_attempt_at = done.value ->> 5,
    last_result = done.value ->> 6,
    claim = NULL
FROM json_each(?2) AS done
WHERE delivery.endpoint = unhex(done.value ->> 0) AND delivery.event = unhex(done.value ->> 1)
  AND delivery.claim = ?1
