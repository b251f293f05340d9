SELECT account.user_id, account.sequence, account.balance, account.debt, account.spendable,
       account.spendable_since, account.spendable_until, account.spendable_sequence,
       account.recorded_at, account.hash, account.birthdays,
       stored.lot AS "lot?", stored.original AS "original?", stored.remaining AS "remaining?",
       stored.expired AS "expired?", stored.available_from AS "available_from?",
       stored.expires_at AS "expires_at?", stored.reinstated AS "reinstated?",
       FALSE AS "recalls!"
FROM loyalty_accounts AS account
LEFT JOIN loyalty_lots AS stored
    ON stored.user_id = account.user_id AND stored.open
-- The array is hidden from the planner, which would plan the statement anew for each length of it.
WHERE account.user_id = ANY((SELECT $1::uuid[])::uuid[])
ORDER BY account.user_id, stored.lot
