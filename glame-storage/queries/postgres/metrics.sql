SELECT user_id, total_purchases, total_spent, average_receipt, receipts, returns, lines, occasions,
       first_purchase_at, last_purchase_at, future_lines, preferences, recency_score,
       frequency_score, monetary_score, status
FROM customer_metrics
-- The array is hidden from the planner, which would plan the statement anew for each length of it.
WHERE user_id = ANY((SELECT $1::uuid[])::uuid[])
