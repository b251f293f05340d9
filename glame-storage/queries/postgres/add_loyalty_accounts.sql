INSERT INTO loyalty_accounts (user_id, sequence, balance, debt, hash, birthdays)
SELECT user_id, 0, 0, 0, $2, '[]'
FROM users
WHERE user_id = ANY($1)
ORDER BY user_id
ON CONFLICT (user_id) DO NOTHING
