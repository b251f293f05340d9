INSERT INTO customer_metrics (
    user_id, total_purchases, total_spent, average_receipt, receipts, returns, lines, occasions,
    first_purchase_at, last_purchase_at, future_lines, preferences, recency_score,
    frequency_score, monetary_score, status
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
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
