INSERT INTO loyalty_lots (
    user_id, lot, original, remaining, expired, available_from, expires_at, reinstated, open
)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
       value ->> 6, value ->> 7, value ->> 3 > 0
FROM json_each(?1)
WHERE TRUE
ON CONFLICT (user_id, lot) DO UPDATE
SET original = EXCLUDED.original, remaining = EXCLUDED.remaining, expired = EXCLUDED.expired,
    available_from = EXCLUDED.available_from, expires_at = EXCLUDED.expires_at,
    reinstated = EXCLUDED.reinstated, open = EXCLUDED.open
