INSERT INTO purchase_history (
    user_id, purchased_at, document_kind, document, line_number, product, variant, quantity, amount
)
SELECT *
FROM UNNEST(
    $1::uuid[], $2::timestamptz[], $3::smallint[], $4::uuid[], $5::bigint[], $6::uuid[],
    $7::uuid[], $8::bigint[], $9::bigint[]
)
