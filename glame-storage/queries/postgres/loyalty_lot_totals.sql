SELECT expires_at, available_from > $1 AS "pending!",
       SUM(remaining / 4294967296)::bigint AS "high!",
       SUM(remaining % 4294967296)::bigint AS "low!"
FROM loyalty_lots
WHERE open AND (expires_at IS NULL OR expires_at > $1)
GROUP BY expires_at, 2
