SELECT user_id, role, customer_id_1c, full_name, phone, email, gender, birth_date, city,
       discount_card_number, removed, created_at, updated_at
FROM users
WHERE user_id IN (SELECT unhex(value) FROM json_each(?1))
