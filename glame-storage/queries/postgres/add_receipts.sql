-- In the list of columns `unnest` gives row by row; in `FROM` each array would be kept as a table.
INSERT INTO receipts (
    user_id, purchased_at, document_kind, document, store, returns_document, line_count, amount,
    digest
)
SELECT unnest($1::uuid[]),
       unnest($2::timestamptz[]),
       unnest($3::smallint[]),
       unnest($4::uuid[]),
       unnest($5::uuid[]),
       unnest($6::uuid[]),
       unnest($7::bigint[]),
       unnest($8::bigint[]),
       unnest($9::bytea[])
ON CONFLICT (user_id, purchased_at, document_kind, document) DO NOTHING
