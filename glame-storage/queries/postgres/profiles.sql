SELECT users.user_id AS "user_id!", role AS "role!", customer_id_1c, full_name, phone, email, gender,
       birth_date, city, discount_card_number, removed AS "removed!", created_at AS "created_at!",
       updated_at AS "updated_at!", version AS "version!",
       COALESCE(profile.edits, '{}') AS "edits!", profile.erased_at AS "erased_at?"
FROM users
LEFT JOIN customer_profiles AS profile USING (user_id)
-- The array is hidden from the planner, which would plan the statement anew for each length of it.
WHERE users.user_id = ANY((SELECT $1::uuid[])::uuid[]) AND (NOT $2::boolean OR kept_fields <> 0)
