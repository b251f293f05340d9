WITH asked AS (
    SELECT unhex(value ->> 0) AS user_id, value ->> 1 AS sequence FROM json_each(?1)
    UNION
    SELECT user_id, sequence FROM loyalty_transactions
    WHERE (user_id, receipt) IN (
        SELECT unhex(value ->> 0), unhex(value ->> 1) FROM json_each(?2)
    )
    UNION
    SELECT user_id, sequence FROM loyalty_transactions
    WHERE user_id IN (SELECT unhex(value) FROM json_each(?3)) AND receipt IS NOT NULL
    UNION
    SELECT user_id, sequence FROM loyalty_transactions
    WHERE (user_id, transaction_id) IN (
        SELECT unhex(value ->> 0), unhex(value ->> 1) FROM json_each(?4)
    )
    UNION
    SELECT user_id, sequence FROM loyalty_transactions
    WHERE (user_id, natural_key) IN (
        SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?5)
    )
), recalled AS (
    SELECT user_id, sequence FROM asked
    UNION
    SELECT reversal.user_id, reversal.sequence
    FROM asked
    CROSS JOIN loyalty_transactions AS reversal
    WHERE reversal.user_id = asked.user_id AND reversal.reverses = asked.sequence
)
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
FROM recalled
CROSS JOIN loyalty_transactions AS stored
WHERE stored.user_id = recalled.user_id AND stored.sequence = recalled.sequence
ORDER BY stored.user_id, stored.sequence
