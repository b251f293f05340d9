INSERT INTO segment_overrides (user_id, segment_id, decision, decided_at)
SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3
FROM json_each(?1)
-- Without a condition `ON CONFLICT` would be read as part of a join.
WHERE TRUE
ON CONFLICT (user_id, segment_id) DO UPDATE SET
    decision = EXCLUDED.decision,
    decided_at = EXCLUDED.decided_at
