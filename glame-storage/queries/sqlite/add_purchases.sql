-- ?1 holds records of 164 bytes: four UUIDs and five integers, see `packed.rs`.
WITH RECURSIVE record (at) AS (
    SELECT 1 WHERE length(?1) > 0
    UNION ALL
    SELECT at + 164 FROM record WHERE at + 164 < length(?1)
)
INSERT INTO purchase_history (
    user_id, document, product, variant,
    purchased_at, document_kind, line_number, quantity, amount
)
SELECT substr(?1, at, 16),
       substr(?1, at + 16, 16),
       nullif(substr(?1, at + 32, 16), zeroblob(16)),
       nullif(substr(?1, at + 48, 16), zeroblob(16)),
       CAST(substr(?1, at + 64, 20) AS INTEGER),
       CAST(substr(?1, at + 84, 20) AS INTEGER),
       CAST(substr(?1, at + 104, 20) AS INTEGER),
       CAST(substr(?1, at + 124, 20) AS INTEGER),
       CAST(substr(?1, at + 144, 20) AS INTEGER)
FROM record
