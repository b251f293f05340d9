SELECT users.user_id AS "user_id!", role AS "role!", customer_id_1c, full_name, phone, email, gender,
       birth_date, city, discount_card_number, removed AS "removed!", created_at AS "created_at!",
       updated_at AS "updated_at!", version AS "version!",
       COALESCE(profile.edits, '{}') AS "edits!: String", profile.erased_at AS "erased_at?"
FROM users
LEFT JOIN customer_profiles AS profile USING (user_id)
WHERE users.user_id IN (SELECT unhex(value) FROM json_each(?1)) AND (NOT ?2 OR kept_fields <> 0)
ORDER BY users.user_id
