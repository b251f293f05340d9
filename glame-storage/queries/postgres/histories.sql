SELECT line.user_id, line.purchased_at, line.document_kind, line.document, line.line_number,
       line.product, line.variant, receipt.store, line.quantity, line.amount,
       receipt.returns_document
FROM purchase_history AS line
JOIN receipts AS receipt USING (user_id, purchased_at, document_kind, document)
WHERE line.user_id = ANY($1)
ORDER BY line.user_id, line.purchased_at, line.document_kind, line.document, line.line_number
