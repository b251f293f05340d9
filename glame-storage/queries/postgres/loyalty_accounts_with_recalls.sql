-- Whether anything is recalled is asked once for all accounts: mostly there is nothing, and two more
-- questions are spared.
SELECT account.user_id, account.sequence, account.balance, account.debt, account.spendable,
       account.spendable_since, account.spendable_until, account.spendable_sequence,
       account.recorded_at, account.hash, account.birthdays,
       stored.lot AS "lot?", stored.original AS "original?", stored.remaining AS "remaining?",
       stored.expired AS "expired?", stored.available_from AS "available_from?",
       stored.expires_at AS "expires_at?", stored.reinstated AS "reinstated?",
       EXISTS (
           SELECT 1
           FROM UNNEST($2::uuid[], $3::text[]) AS asked (user_id, idempotency_key)
           JOIN loyalty_requests AS found
               ON found.user_id = asked.user_id AND found.idempotency_key = asked.idempotency_key
       ) OR EXISTS (
           SELECT 1
           FROM UNNEST($4::uuid[], $5::uuid[]) AS asked (user_id, receipt)
           JOIN loyalty_transactions AS found
               ON found.user_id = asked.user_id AND found.receipt = asked.receipt
       ) OR EXISTS (
           SELECT 1
           FROM loyalty_transactions
           WHERE user_id = ANY($6::uuid[]) AND receipt IS NOT NULL
       ) OR EXISTS (
           SELECT 1
           FROM UNNEST($7::uuid[], $8::uuid[]) AS asked (user_id, transaction_id)
           JOIN loyalty_transactions AS found
               ON found.user_id = asked.user_id AND found.transaction_id = asked.transaction_id
       ) OR EXISTS (
           SELECT 1
           FROM UNNEST($9::uuid[], $10::text[]) AS asked (user_id, natural_key)
           JOIN loyalty_transactions AS found
               ON found.user_id = asked.user_id AND found.natural_key = asked.natural_key
       ) AS "recalls!"
FROM loyalty_accounts AS account
LEFT JOIN loyalty_lots AS stored
    ON stored.user_id = account.user_id AND stored.open
WHERE account.user_id = ANY($1)
ORDER BY account.user_id, stored.lot
