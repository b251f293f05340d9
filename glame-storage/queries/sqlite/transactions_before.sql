SELECT stored.user_id AS "user_id!", stored.sequence AS "sequence!",
       transaction_id AS "transaction_id!", kind AS "kind!", points AS "points!",
       balance_after AS "balance_after!", lot_points, lot_available_from, lot_expires_at,
       lot_reinstated, debt_change AS "debt_change!", reason AS "reason!", source AS "source!",
       actor, receipt, reverses, effective_at AS "effective_at!", recorded_at AS "recorded_at!",
       rule AS "rule!", rule_version AS "rule_version!", idempotency_key,
       natural_key AS "natural_key!", explain AS "explain!", previous_hash AS "previous_hash!",
       hash AS "hash!",
       (
           SELECT json_group_array(json_array(draw.lot, draw.points) ORDER BY draw.position)
           FROM loyalty_draws AS draw
           WHERE draw.user_id = stored.user_id AND draw.sequence = stored.sequence
       ) AS "draws!: String"
FROM loyalty_transactions AS stored
WHERE stored.user_id = ?1 AND stored.sequence < ?2
ORDER BY stored.sequence DESC
LIMIT ?3
