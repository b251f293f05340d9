INSERT INTO users (
    user_id, role, customer_id_1c, full_name, phone, email, gender, birth_date, city,
    discount_card_number, removed, created_at, updated_at
)
SELECT unhex(value ->> 0), value ->> 1, unhex(value ->> 2), value ->> 3, value ->> 4, value ->> 5,
       value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12
FROM json_each(?1)
-- Without a condition `ON CONFLICT` would be read as part of a join.
WHERE TRUE
ON CONFLICT (user_id) DO NOTHING
