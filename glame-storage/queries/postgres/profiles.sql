SELECT users.user_id AS "user_id!", role AS "role!", customer_id_1c, full_name, phone, email, gender,
       birth_date, city, discount_card_number, removed AS "removed!", created_at AS "created_at!",
       updated_at AS "updated_at!", version AS "version!",
       COALESCE(profile.edits, '{}') AS "edits!", profile.erased_at AS "erased_at?"
FROM users
LEFT JOIN customer_profiles AS profile USING (user_id)
WHERE users.user_id = ANY($1) AND (NOT $2::boolean OR kept_fields <> 0)
