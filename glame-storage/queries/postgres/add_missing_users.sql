INSERT INTO users (
    user_id, role, customer_id_1c, full_name, phone, email, gender, birth_date, city,
    discount_card_number, removed, created_at, updated_at
)
SELECT *
FROM UNNEST(
    $1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[],
    $8::date[], $9::text[], $10::text[], $11::boolean[], $12::timestamptz[], $13::timestamptz[]
)
ON CONFLICT (user_id) DO NOTHING
