INSERT INTO loyalty_accounts (user_id, sequence, balance, debt, hash, birthdays)
SELECT user_id, 0, 0, 0, ?2, '[]'
FROM users
WHERE user_id IN (SELECT unhex(value) FROM json_each(?1))
ON CONFLICT (user_id) DO NOTHING
