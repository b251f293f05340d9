INSERT INTO segment_transitions (user_id, segment_id, happened_at, transition)
SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3
FROM json_each(?1)
-- Without a condition `ON CONFLICT` would be read as part of a join.
WHERE TRUE
ON CONFLICT DO NOTHING
