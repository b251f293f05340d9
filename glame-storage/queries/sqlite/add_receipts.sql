INSERT INTO receipts (
    user_id, purchased_at, document_kind, document, store, returns_document, line_count, amount,
    digest
)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2, unhex(value ->> 3), unhex(value ->> 4),
       unhex(value ->> 5), value ->> 6, value ->> 7, unhex(value ->> 8)
FROM json_each(?1)
-- Without a condition `ON CONFLICT` would be read as part of a join.
WHERE TRUE
ON CONFLICT (user_id, purchased_at, document_kind, document) DO NOTHING
