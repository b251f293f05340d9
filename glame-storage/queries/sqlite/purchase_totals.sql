-- The sum of amounts may pass 64 bits on its way, so that its halves are summed apart.
SELECT (SELECT COUNT(*) FROM (SELECT DISTINCT user_id FROM purchase_history))
           AS "customers!: i64",
       COUNT(*) AS "receipts!: i64",
       COALESCE(SUM(line_count), 0) AS "lines!: i64",
       COALESCE(SUM(amount / 4294967296), 0) AS "high!: i64",
       COALESCE(SUM(amount % 4294967296), 0) AS "low!: i64"
FROM receipts
