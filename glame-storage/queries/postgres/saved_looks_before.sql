SELECT saved.user_id, saved.saved_look, saved.look, saved.save_type, saved.notes,
       saved.purchased_at, saved.saved_at, shown.title, shown.description, shown.products,
       shown.tags, shown.image_url
FROM saved_looks AS saved
JOIN looks AS shown USING (look)
WHERE saved.user_id = $1
  AND (saved.saved_at, saved.saved_look) < ($2, $3)
  AND ($4::text IS NULL OR saved.save_type = $4)
ORDER BY saved.saved_at DESC, saved.saved_look DESC
LIMIT $5
