-- One row a customer: the driver spends more on a row than SQLite on a line. `packed.rs` reads the
-- records; an operand of `||` that is a BLOB gives its bytes as they are.
SELECT line.user_id AS "user_id!: Uuid",
       CAST(group_concat(
           line.document
           || coalesce(line.product, zeroblob(16))
           || coalesce(line.variant, zeroblob(16))
           || coalesce(receipt.store, zeroblob(16))
           || coalesce(receipt.returns_document, zeroblob(16))
           || line.purchased_at || ' '
           || line.document_kind || ' '
           || line.line_number || ' '
           || line.quantity || ' '
           || line.amount || ' ',
           ''
       ) AS BLOB) AS "lines!: Vec<u8>",
       -- A reference of another length would shift what follows; in the order of `REFERENCES`.
       min(CASE
           WHEN length(line.document) <> 16 THEN 0
           WHEN length(line.product) <> 16 THEN 1
           WHEN length(line.variant) <> 16 THEN 2
           WHEN length(receipt.store) <> 16 THEN 3
           WHEN length(receipt.returns_document) <> 16 THEN 4
       END) AS "damaged: i64"
FROM purchase_history AS line
JOIN receipts AS receipt USING (user_id, purchased_at, document_kind, document)
WHERE line.user_id IN (SELECT unhex(value) FROM json_each(?1))
GROUP BY line.user_id
ORDER BY line.user_id
