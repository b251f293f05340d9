-- ?1 holds records of 16 bytes: a UUID each, see `packed.rs`.
WITH RECURSIVE record (at) AS (
    SELECT 1 WHERE length(?1) > 0
    UNION ALL
    SELECT at + 16 FROM record WHERE at + 16 < length(?1)
)
SELECT substr(?1, at, 16) AS "user_id!: Uuid"
FROM record
WHERE NOT EXISTS (SELECT 1 FROM users WHERE user_id = substr(?1, at, 16))
