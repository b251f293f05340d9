INSERT INTO audit_log (
    entry, at, actor, actor_role, action, subject, details, request_id, address
)
SELECT *
FROM UNNEST(
    $1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[],
    $8::text[], $9::bytea[]
)
WHERE NOT EXISTS (SELECT 1 FROM audit_log WHERE entry = ANY($1))
ON CONFLICT (entry) DO NOTHING
