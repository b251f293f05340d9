INSERT INTO loyalty_requests (user_id, idempotency_key, request, outcome, decided_at)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4
FROM json_each(?1)
