SELECT COALESCE((
           SELECT SUM(remaining)
           FROM loyalty_lots
           WHERE user_id = asked.user_id AND open
             AND available_from <= $2 AND (expires_at IS NULL OR expires_at > $2)
       ), 0)::bigint AS "available!"
FROM UNNEST($1::uuid[]) WITH ORDINALITY AS asked (user_id, place)
ORDER BY place
