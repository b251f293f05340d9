-- A sum of points may pass 64 bits, so that quotients and remainders are summed apart.
SELECT COUNT(*) AS "accounts!",
       COALESCE(SUM(debt / 4294967296), 0)::bigint AS "debt_high!",
       COALESCE(SUM(debt % 4294967296), 0)::bigint AS "debt_low!"
FROM loyalty_accounts
WHERE sequence > 0
