SELECT look, title, description, products, tags, image_url, origin, status, version, created_at,
       updated_at, changed_by
FROM looks
WHERE (created_at, look) < (?1, ?2)
  AND (?3 IS NULL OR instr(tags, ?3) > 0)
  AND (?4 IS NULL OR origin = ?4)
  AND (?5 IS NULL OR status = ?5)
ORDER BY created_at DESC, look DESC
LIMIT ?6
