SELECT stored.user_id, stored.sequence, transaction_id, kind, points, balance_after, lot_points,
       lot_available_from, lot_expires_at, lot_reinstated, debt_change, reason, source, actor,
       receipt, reverses, effective_at, recorded_at, rule, rule_version, idempotency_key,
       natural_key, explain, previous_hash, hash,
       COALESCE((
           SELECT JSON_AGG(JSON_BUILD_ARRAY(draw.lot, draw.points) ORDER BY draw.position)::text
           FROM loyalty_draws AS draw
           WHERE draw.user_id = stored.user_id AND draw.sequence = stored.sequence
       ), '[]') AS "draws!"
-- The arrays are hidden from the planner, which would plan the statement anew for each length of them.
FROM UNNEST((SELECT $1::uuid[]), (SELECT $2::bigint[]), (SELECT $3::bigint[])) WITH ORDINALITY
    AS asked (user_id, before, length, place)
CROSS JOIN LATERAL (
    SELECT *
    FROM loyalty_transactions
    WHERE user_id = asked.user_id AND sequence < asked.before
    ORDER BY sequence DESC
    LIMIT asked.length
) AS stored
ORDER BY asked.place, stored.sequence DESC
