INSERT INTO segment_transitions (user_id, segment_id, happened_at, transition)
SELECT *
FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[])
ON CONFLICT DO NOTHING
