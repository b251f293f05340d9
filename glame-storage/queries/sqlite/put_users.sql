-- What was edited here stays, and so does the emptiness of a person who was erased: see 0004.
INSERT INTO users (
    user_id, role, customer_id_1c, full_name, phone, email, gender, birth_date, city,
    discount_card_number, removed, created_at, updated_at
)
SELECT unhex(value ->> 0), value ->> 1, unhex(value ->> 2), value ->> 3, value ->> 4, value ->> 5,
       value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12
FROM json_each(?1)
-- Without a condition `ON CONFLICT` would be read as part of a join.
WHERE TRUE
ON CONFLICT (user_id) DO UPDATE SET
    role = EXCLUDED.role,
    customer_id_1c = EXCLUDED.customer_id_1c,
    full_name = CASE WHEN users.kept_fields & 1 = 0
                     THEN EXCLUDED.full_name ELSE users.full_name END,
    email = CASE WHEN users.kept_fields & 2 = 0 THEN EXCLUDED.email ELSE users.email END,
    gender = CASE WHEN users.kept_fields & 4 = 0 THEN EXCLUDED.gender ELSE users.gender END,
    birth_date = CASE WHEN users.kept_fields & 8 = 0
                      THEN EXCLUDED.birth_date ELSE users.birth_date END,
    city = CASE WHEN users.kept_fields & 16 = 0 THEN EXCLUDED.city ELSE users.city END,
    phone = CASE WHEN users.kept_fields & 32 = 0 THEN EXCLUDED.phone ELSE users.phone END,
    discount_card_number = CASE WHEN users.kept_fields & 64 = 0
                                THEN EXCLUDED.discount_card_number
                                ELSE users.discount_card_number END,
    removed = EXCLUDED.removed,
    updated_at = EXCLUDED.updated_at,
    version = users.version + 1
