SELECT rule, rule_version, kind, COUNT(*) AS "transactions!",
       SUM(GREATEST(points, 0) / 4294967296)::bigint AS "credited_high!",
       SUM(GREATEST(points, 0) % 4294967296)::bigint AS "credited_low!",
       SUM(LEAST(points, 0) / 4294967296)::bigint AS "debited_high!",
       SUM(LEAST(points, 0) % 4294967296)::bigint AS "debited_low!"
FROM loyalty_transactions
GROUP BY rule, rule_version, kind
