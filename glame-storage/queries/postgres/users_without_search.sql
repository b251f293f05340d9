SELECT user_id, role, customer_id_1c, full_name, phone, email, gender, birth_date, city,
       discount_card_number, removed, created_at, updated_at
FROM users
WHERE user_id >= $1 AND role = 'customer' AND NOT EXISTS (
    SELECT 1 FROM customer_search AS known WHERE known.user_id = users.user_id
)
ORDER BY user_id
LIMIT $2
