SELECT entry, at, actor, actor_role, action, subject, details, request_id, address
FROM audit_log
WHERE action = ?6 AND at >= ?1 AND (at, entry) < (?2, ?3)
  AND (?4 IS NULL OR actor = ?4)
  AND (?5 IS NULL OR subject = ?5)
  AND (?6 IS NULL OR action = ?6)
ORDER BY at DESC, entry DESC
LIMIT ?7
