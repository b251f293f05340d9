INSERT INTO purchase_history (
    user_id, purchased_at, document_kind, document, line_number, product, variant, quantity, amount
)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2, unhex(value ->> 3), value ->> 4,
       unhex(value ->> 5), unhex(value ->> 6), value ->> 7, value ->> 8
FROM json_each(?1)
