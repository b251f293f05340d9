SELECT rule AS "rule!", rule_version AS "rule_version!", kind AS "kind!",
       COUNT(*) AS "transactions!: i64",
       SUM(max(points, 0) / 4294967296) AS "credited_high!: i64",
       SUM(max(points, 0) % 4294967296) AS "credited_low!: i64",
       SUM(min(points, 0) / 4294967296) AS "debited_high!: i64",
       SUM(min(points, 0) % 4294967296) AS "debited_low!: i64"
FROM loyalty_transactions
GROUP BY rule, rule_version, kind
