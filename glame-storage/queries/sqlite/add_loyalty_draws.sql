INSERT INTO loyalty_draws (user_id, sequence, position, lot, points)
SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4
FROM json_each(?1)
