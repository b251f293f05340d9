SELECT line.user_id, line.purchased_at, line.document_kind, line.document, line.line_number,
       line.product, line.variant, receipt.store, line.quantity, line.amount,
       receipt.returns_document, product.name AS "product_name?", product.article,
       product.category, product.brand, product.kind AS "product_kind?",
       product.removed AS "product_removed?", store.name AS "store_name?",
       store.removed AS "store_removed?"
FROM purchase_history AS line
JOIN receipts AS receipt USING (user_id, purchased_at, document_kind, document)
LEFT JOIN products AS product ON product.product = line.product
LEFT JOIN stores AS store ON store.store = receipt.store
WHERE line.user_id = $1
  AND line.purchased_at >= $2
  AND line.purchased_at < $3
  AND (line.purchased_at, line.document_kind, line.document) <= ($4, $5, $6)
  AND NOT (line.purchased_at = $4 AND line.document_kind = $5 AND line.document = $6
           AND line.line_number <= $7)
ORDER BY line.purchased_at DESC, line.document_kind DESC, line.document DESC, line.line_number
LIMIT $8
