UPDATE staff_members
SET password_hash = ?2, password_changed_at = ?3, must_change_password = ?4,
    disabled = ?5, version = ?6
WHERE member = ?1 AND version + 1 = ?6
