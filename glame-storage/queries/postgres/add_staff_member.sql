INSERT INTO staff_members (
    member, email, password_hash, password_changed_at, must_change_password, disabled, version
)
SELECT $1::uuid, $2::text, $3::text, $4::timestamptz, $5::boolean, $6::boolean, $7::bigint
WHERE NOT EXISTS (SELECT 1 FROM users WHERE user_id = $1)
ON CONFLICT DO NOTHING
