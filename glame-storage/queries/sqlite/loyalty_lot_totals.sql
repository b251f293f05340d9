SELECT expires_at, available_from > ?1 AS "pending!: bool",
       SUM(remaining / 4294967296) AS "high!: i64",
       SUM(remaining % 4294967296) AS "low!: i64"
FROM loyalty_lots
WHERE open AND (expires_at IS NULL OR expires_at > ?1)
GROUP BY expires_at, 2
