-- A sum of points may pass 64 bits, so that quotients and remainders are summed apart.
SELECT COUNT(*) AS "accounts!: i64",
       COALESCE(SUM(debt / 4294967296), 0) AS "debt_high!: i64",
       COALESCE(SUM(debt % 4294967296), 0) AS "debt_low!: i64"
FROM loyalty_accounts
WHERE sequence > 0
