INSERT INTO user_segments (user_id, segment_id, source, assigned_at, confidence)
SELECT *
FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::smallint[])
ON CONFLICT (user_id, segment_id) DO UPDATE SET
    source = EXCLUDED.source,
    assigned_at = EXCLUDED.assigned_at,
    confidence = EXCLUDED.confidence
