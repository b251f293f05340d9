SELECT stored.user_id, stored.sequence, transaction_id, kind, points, balance_after, lot_points,
       lot_available_from, lot_expires_at, lot_reinstated, debt_change, reason, source, actor,
       receipt, reverses, effective_at, recorded_at, rule, rule_version, idempotency_key,
       natural_key, explain, previous_hash, hash,
       COALESCE((
           SELECT JSON_AGG(JSON_BUILD_ARRAY(draw.lot, draw.points) ORDER BY draw.position)::text
           FROM loyalty_draws AS draw
           WHERE draw.user_id = stored.user_id AND draw.sequence = stored.sequence
       ), '[]') AS "draws!"
FROM loyalty_transactions AS stored
WHERE stored.user_id = $1 AND stored.sequence < $2
ORDER BY stored.sequence DESC
-- Hidden from the planner, which would plan the statement anew for each length of a page.
LIMIT (SELECT $3::bigint)
