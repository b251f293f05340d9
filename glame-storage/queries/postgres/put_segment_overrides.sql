INSERT INTO segment_overrides (user_id, segment_id, decision, decided_at)
SELECT *
FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
ON CONFLICT (user_id, segment_id) DO UPDATE SET
    decision = EXCLUDED.decision,
    decided_at = EXCLUDED.decided_at
