INSERT INTO audit_log (
    entry, at, actor, actor_role, action, subject, details, request_id, address
)
SELECT unhex(value ->> 0), value ->> 1, unhex(value ->> 2), value ->> 3, value ->> 4,
       unhex(value ->> 5), value ->> 6, value ->> 7, unhex(value ->> 8)
FROM json_each(?1)
WHERE NOT EXISTS (
    SELECT 1
    FROM audit_log
    WHERE entry IN (SELECT unhex(value ->> 0) FROM json_each(?1))
)
