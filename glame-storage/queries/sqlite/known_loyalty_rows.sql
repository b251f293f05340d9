SELECT EXISTS (
           SELECT 1 FROM loyalty_transactions
           WHERE (user_id, sequence) IN (
               SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?1)
           )
       ) OR EXISTS (
           SELECT 1 FROM loyalty_transactions
           WHERE (user_id, natural_key) IN (
               SELECT unhex(value ->> 0), value ->> 2 FROM json_each(?1)
           )
       ) AS "transactions!: bool",
       EXISTS (
           SELECT 1 FROM loyalty_requests
           WHERE (user_id, idempotency_key) IN (
               SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?2)
           )
       ) AS "requests!: bool"
