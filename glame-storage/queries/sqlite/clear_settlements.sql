UPDATE loyalty_settlements SET settled = raised
WHERE (user_id, raised) IN (SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?1))
