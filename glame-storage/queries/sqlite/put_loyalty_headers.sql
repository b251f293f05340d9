UPDATE loyalty_accounts
SET sequence = given.value ->> 1,
    balance = given.value ->> 2,
    debt = given.value ->> 3,
    spendable = given.value ->> 4,
    spendable_since = given.value ->> 5,
    spendable_until = given.value ->> 6,
    spendable_sequence = given.value ->> 1,
    recorded_at = given.value ->> 7,
    hash = unhex(given.value ->> 8),
    birthdays = given.value ->> 9
FROM json_each(?1) AS given
WHERE loyalty_accounts.user_id = unhex(given.value ->> 0)
