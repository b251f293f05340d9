-- Whether anything is recalled is asked once for all accounts: mostly there is nothing, and two more
-- questions are spared.
SELECT account.user_id AS "user_id!", account.sequence AS "sequence!",
       account.balance AS "balance!", account.debt AS "debt!",
       account.spendable, account.spendable_since, account.spendable_until,
       account.spendable_sequence, account.recorded_at, account.hash AS "hash!", account.birthdays AS "birthdays!",
       stored.lot AS "lot?", stored.original AS "original?", stored.remaining AS "remaining?",
       stored.expired AS "expired?", stored.available_from AS "available_from?",
       stored.expires_at AS "expires_at?", stored.reinstated AS "reinstated?",
       EXISTS (
           SELECT 1 FROM loyalty_requests
           WHERE (user_id, idempotency_key) IN (
               SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?2)
           )
       ) OR EXISTS (
           SELECT 1 FROM loyalty_transactions
           WHERE (user_id, receipt) IN (
               SELECT unhex(value ->> 0), unhex(value ->> 1) FROM json_each(?3)
           )
       ) OR EXISTS (
           SELECT 1 FROM loyalty_transactions
           WHERE user_id IN (SELECT unhex(value) FROM json_each(?4)) AND receipt IS NOT NULL
       ) OR EXISTS (
           SELECT 1 FROM loyalty_transactions
           WHERE (user_id, transaction_id) IN (
               SELECT unhex(value ->> 0), unhex(value ->> 1) FROM json_each(?5)
           )
       ) OR EXISTS (
           SELECT 1 FROM loyalty_transactions
           WHERE (user_id, natural_key) IN (
               SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?6)
           )
       ) AS "recalls!: bool"
FROM loyalty_accounts AS account
LEFT JOIN loyalty_lots AS stored
    ON stored.user_id = account.user_id AND stored.open
WHERE account.user_id IN (SELECT unhex(value) FROM json_each(?1))
ORDER BY account.user_id, stored.lot
