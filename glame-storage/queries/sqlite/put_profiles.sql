UPDATE users SET
    full_name = given.value ->> 1,
    phone = given.value ->> 2,
    email = given.value ->> 3,
    gender = given.value ->> 4,
    birth_date = given.value ->> 5,
    city = given.value ->> 6,
    removed = given.value ->> 7,
    updated_at = given.value ->> 8,
    version = given.value ->> 9,
    kept_fields = given.value ->> 10
FROM json_each(?1) AS given
WHERE users.user_id = unhex(given.value ->> 0)
