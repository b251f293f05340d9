WITH asked AS (
    SELECT * FROM UNNEST($1::uuid[], $2::bigint[]) AS posted (user_id, sequence)
    UNION
    SELECT user_id, sequence FROM loyalty_transactions
    WHERE (user_id, receipt) IN (SELECT * FROM UNNEST($3::uuid[], $4::uuid[]))
    UNION
    SELECT user_id, sequence FROM loyalty_transactions
    WHERE user_id = ANY($5::uuid[]) AND receipt IS NOT NULL
    UNION
    SELECT user_id, sequence FROM loyalty_transactions
    WHERE (user_id, transaction_id) IN (SELECT * FROM UNNEST($6::uuid[], $7::uuid[]))
    UNION
    SELECT user_id, sequence FROM loyalty_transactions
    WHERE (user_id, natural_key) IN (SELECT * FROM UNNEST($8::uuid[], $9::text[]))
), recalled AS (
    SELECT user_id, sequence FROM asked
    UNION
    SELECT reversal.user_id, reversal.sequence
    FROM asked
    JOIN loyalty_transactions AS reversal
        ON reversal.user_id = asked.user_id AND reversal.reverses = asked.sequence
)
SELECT stored.user_id, stored.sequence, transaction_id, kind, points, balance_after, lot_points,
       lot_available_from, lot_expires_at, lot_reinstated, debt_change, reason, source, actor,
       receipt, reverses, effective_at, recorded_at, rule, rule_version, idempotency_key,
       natural_key, explain, previous_hash, hash,
       COALESCE((
           SELECT JSON_AGG(JSON_BUILD_ARRAY(draw.lot, draw.points) ORDER BY draw.position)::text
           FROM loyalty_draws AS draw
           WHERE draw.user_id = stored.user_id AND draw.sequence = stored.sequence
       ), '[]') AS "draws!"
FROM recalled
JOIN loyalty_transactions AS stored
    ON stored.user_id = recalled.user_id AND stored.sequence = recalled.sequence
ORDER BY stored.user_id, stored.sequence
