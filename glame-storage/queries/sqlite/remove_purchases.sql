DELETE FROM purchase_history
WHERE (user_id, purchased_at, document_kind, document) IN (
    SELECT unhex(value ->> 0), value ->> 1, value ->> 2, unhex(value ->> 3)
    FROM json_each(?1)
)
