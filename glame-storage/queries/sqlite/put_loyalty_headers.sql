UPDATE loyalty_accounts
SET sequence = given.value ->> 1,
    balance = given.value ->> 2,
    debt = given.value ->> 3,
    recorded_at = given.value ->> 4,
    hash = unhex(given.value ->> 5),
    birthdays = given.value ->> 6
FROM json_each(?1) AS given
WHERE loyalty_accounts.user_id = unhex(given.value ->> 0)
