INSERT INTO receipts (
    user_id, purchased_at, document_kind, document, store, returns_document, line_count, amount,
    digest
)
SELECT *
FROM UNNEST(
    $1::uuid[], $2::timestamptz[], $3::smallint[], $4::uuid[], $5::uuid[], $6::uuid[],
    $7::bigint[], $8::bigint[], $9::bytea[]
)
ON CONFLICT (user_id, purchased_at, document_kind, document) DO NOTHING
