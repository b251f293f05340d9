SELECT COALESCE((
           SELECT SUM(remaining)
           FROM loyalty_lots
           WHERE user_id = unhex(asked.value) AND open
             AND available_from <= ?2 AND (expires_at IS NULL OR expires_at > ?2)
       ), 0) AS "available!: i64"
FROM json_each(?1) AS asked
ORDER BY asked.key
