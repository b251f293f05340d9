UPDATE users SET
    full_name = given.full_name,
    phone = given.phone,
    email = given.email,
    gender = given.gender,
    birth_date = given.birth_date,
    city = given.city,
    removed = given.removed,
    updated_at = given.updated_at,
    version = given.version,
    kept_fields = given.kept_fields
FROM UNNEST(
    $1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::date[], $7::text[],
    $8::boolean[], $9::timestamptz[], $10::bigint[], $11::smallint[]
) AS given (
    user_id, full_name, phone, email, gender, birth_date, city, removed, updated_at, version,
    kept_fields
)
WHERE users.user_id = given.user_id
