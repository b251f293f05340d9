-- In the list of columns `unnest` gives row by row; in `FROM` each array would be kept as a table.
INSERT INTO purchase_history (
    user_id, purchased_at, document_kind, document, line_number, product, variant, quantity, amount
)
SELECT unnest($1::uuid[]),
       unnest($2::timestamptz[]),
       unnest($3::smallint[]),
       unnest($4::uuid[]),
       unnest($5::bigint[]),
       unnest($6::uuid[]),
       unnest($7::uuid[]),
       unnest($8::bigint[]),
       unnest($9::bigint[])
