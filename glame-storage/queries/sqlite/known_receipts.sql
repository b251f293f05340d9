-- ?1 holds records of 72 bytes: two UUIDs and two integers, see `packed.rs`.
WITH RECURSIVE record (at) AS (
    SELECT 1 WHERE length(?1) > 0
    UNION ALL
    SELECT at + 72 FROM record WHERE at + 72 < length(?1)
)
SELECT EXISTS (
    SELECT 1
    FROM record
    CROSS JOIN receipts
    WHERE user_id = substr(?1, at, 16)
      AND purchased_at = CAST(substr(?1, at + 32, 20) AS INTEGER)
      AND document_kind = CAST(substr(?1, at + 52, 20) AS INTEGER)
      AND document = substr(?1, at + 16, 16)
) AS "known!: i64"
