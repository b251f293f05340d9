INSERT INTO customer_metrics (
    user_id, total_purchases, total_spent, average_receipt, receipts, returns, lines, occasions,
    first_purchase_at, last_purchase_at, future_lines, preferences, recency_score,
    frequency_score, monetary_score, status
)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
       value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12,
       value ->> 13, value ->> 14, value ->> 15
FROM json_each(?1)
-- Without a condition `ON CONFLICT` would be read as part of a join.
WHERE TRUE
ON CONFLICT (user_id) DO UPDATE SET
    total_purchases = EXCLUDED.total_purchases,
    total_spent = EXCLUDED.total_spent,
    average_receipt = EXCLUDED.average_receipt,
    receipts = EXCLUDED.receipts,
    returns = EXCLUDED.returns,
    lines = EXCLUDED.lines,
    occasions = EXCLUDED.occasions,
    first_purchase_at = EXCLUDED.first_purchase_at,
    last_purchase_at = EXCLUDED.last_purchase_at,
    future_lines = EXCLUDED.future_lines,
    preferences = EXCLUDED.preferences,
    recency_score = EXCLUDED.recency_score,
    frequency_score = EXCLUDED.frequency_score,
    monetary_score = EXCLUDED.monetary_score,
    status = EXCLUDED.status
