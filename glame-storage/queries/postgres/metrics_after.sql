SELECT user_id, total_purchases, total_spent, average_receipt, receipts, returns, lines, occasions,
       first_purchase_at, last_purchase_at, future_lines, preferences, recency_score,
       frequency_score, monetary_score, status
FROM customer_metrics
WHERE user_id >= $1
ORDER BY user_id
LIMIT $2
