SELECT line.user_id, line.purchased_at, line.document_kind, line.document, line.line_number,
       line.product, line.variant, receipt.store, line.quantity, line.amount,
       receipt.returns_document, product.name AS "product_name?", product.article,
       product.category, product.brand, product.kind AS "product_kind?",
       product.removed AS "product_removed?", store.name AS "store_name?",
       store.removed AS "store_removed?"
FROM (
    SELECT user_id, purchased_at, document_kind, document, store, returns_document
    FROM receipts
    WHERE user_id = $1
      AND purchased_at >= $2
      AND purchased_at < $3
      AND (purchased_at, document_kind, document) < ($4, $5, $6)
    ORDER BY purchased_at DESC, document_kind DESC, document DESC
    LIMIT $7
) AS receipt
JOIN purchase_history AS line USING (user_id, purchased_at, document_kind, document)
LEFT JOIN products AS product ON product.product = line.product
LEFT JOIN stores AS store ON store.store = receipt.store
ORDER BY line.purchased_at DESC, line.document_kind DESC, line.document DESC, line.line_number
