INSERT INTO customer_metrics (
    user_id, total_purchases, total_spent, average_receipt, receipts, returns, lines, occasions,
    first_purchase_at, last_purchase_at, future_lines, preferences, recency_score,
    frequency_score, monetary_score, status
)
SELECT *
FROM UNNEST(
    $1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
    $7::bigint[], $8::bigint[], $9::timestamptz[], $10::timestamptz[], $11::bigint[],
    $12::text[], $13::smallint[], $14::smallint[], $15::smallint[], $16::text[]
)
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
