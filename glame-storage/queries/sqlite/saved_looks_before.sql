SELECT saved.user_id AS "user_id!", saved.saved_look AS "saved_look!", saved.look AS "look!",
       saved.save_type AS "save_type!", saved.notes, saved.purchased_at,
       saved.saved_at AS "saved_at!", shown.title AS "title!", shown.description,
       shown.products AS "products!", shown.tags AS "tags!", shown.image_url
FROM saved_looks AS saved
JOIN looks AS shown USING (look)
WHERE saved.user_id = ?1
  AND (saved.saved_at, saved.saved_look) < (?2, ?3)
  AND (?4 IS NULL OR saved.save_type = ?4)
ORDER BY saved.saved_at DESC, saved.saved_look DESC
LIMIT ?5
