DELETE FROM purchase_history AS stored
USING UNNEST($1::uuid[], $2::timestamptz[], $3::smallint[], $4::uuid[])
          AS given (user_id, purchased_at, document_kind, document)
WHERE stored.user_id = given.user_id
  AND stored.purchased_at = given.purchased_at
  AND stored.document_kind = given.document_kind
  AND stored.document = given.document
