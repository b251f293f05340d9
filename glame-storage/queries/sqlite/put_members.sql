INSERT INTO user_segments (user_id, segment_id, source, assigned_at, confidence)
SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4
FROM json_each(?1)
-- Without a condition `ON CONFLICT` would be read as part of a join.
WHERE TRUE
ON CONFLICT (user_id, segment_id) DO UPDATE SET
    source = EXCLUDED.source,
    assigned_at = EXCLUDED.assigned_at,
    confidence = EXCLUDED.confidence
