SELECT sessions.user_id, sessions.session, sessions.token_hash, sessions.kind, sessions.role,
       sessions.created_at, sessions.last_seen_at, sessions.expires_at, sessions.revoked_at,
       sessions.user_agent, users.role AS user_role,
       users.removed OR COALESCE(staff.disabled, FALSE) AS "barred!",
       COALESCE(staff.must_change_password, FALSE) AS "must_change_password!"
FROM sessions
JOIN users ON users.user_id = sessions.user_id
LEFT JOIN staff_members AS staff ON staff.member = sessions.user_id
WHERE sessions.user_id = $1 AND sessions.token_hash = $2
