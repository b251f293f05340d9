-- The sum of amounts may pass 64 bits on its way, so that its halves are summed apart.
SELECT (SELECT COUNT(*) FROM (SELECT DISTINCT user_id FROM purchase_history) AS buyers)
           AS "customers!",
       COUNT(*) AS "receipts!",
       COALESCE(SUM(line_count), 0)::bigint AS "lines!",
       COALESCE(SUM(amount / 4294967296), 0)::bigint AS "high!",
       COALESCE(SUM(amount % 4294967296), 0)::bigint AS "low!"
FROM receipts
