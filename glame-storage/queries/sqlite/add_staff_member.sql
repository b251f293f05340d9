INSERT INTO staff_members (
    member, email, password_hash, password_changed_at, must_change_password, disabled, version
)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
WHERE NOT EXISTS (SELECT 1 FROM users WHERE user_id = ?1)
ON CONFLICT DO NOTHING
