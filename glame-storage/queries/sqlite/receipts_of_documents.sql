-- ?1 holds records of 36 bytes: a UUID and an integer, see `packed.rs`.
WITH RECURSIVE record (at) AS (
    SELECT 1 WHERE length(?1) > 0
    UNION ALL
    SELECT at + 36 FROM record WHERE at + 36 < length(?1)
)
SELECT user_id, purchased_at AS "purchased_at!", document_kind AS "document_kind!", document,
       line_count, digest
FROM record
CROSS JOIN receipts
WHERE document = substr(?1, at, 16)
  AND document_kind = CAST(substr(?1, at + 16, 20) AS INTEGER)
