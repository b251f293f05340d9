-- ?1 holds records of 160 bytes: five UUIDs and four integers, see `packed.rs`.
WITH RECURSIVE record (at) AS (
    SELECT 1 WHERE length(?1) > 0
    UNION ALL
    SELECT at + 160 FROM record WHERE at + 160 < length(?1)
)
INSERT INTO receipts (
    user_id, document, store, returns_document, digest,
    purchased_at, document_kind, line_count, amount
)
SELECT substr(?1, at, 16),
       substr(?1, at + 16, 16),
       nullif(substr(?1, at + 32, 16), zeroblob(16)),
       nullif(substr(?1, at + 48, 16), zeroblob(16)),
       substr(?1, at + 64, 16),
       CAST(substr(?1, at + 80, 20) AS INTEGER),
       CAST(substr(?1, at + 100, 20) AS INTEGER),
       CAST(substr(?1, at + 120, 20) AS INTEGER),
       CAST(substr(?1, at + 140, 20) AS INTEGER)
FROM record
