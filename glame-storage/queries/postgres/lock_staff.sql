-- Both rows are locked, so that what is read of either is what was committed last.
SELECT users.user_id, users.role, users.full_name, users.created_at, staff.email,
       staff.password_hash, staff.password_changed_at, staff.must_change_password, staff.disabled,
       staff.version
FROM staff_members AS staff
JOIN users ON users.user_id = staff.member
ORDER BY staff.member
FOR NO KEY UPDATE
